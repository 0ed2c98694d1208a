package listen

import (
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// departures are told by the kernel which clients leave. It looks at all
// connections of a listener at once, and says something only then: a connection
// is entered once, and a request costs nothing. The zero value is ready.
type departures struct {
	mu     sync.Mutex
	epoll  *os.File // nil before the first connection
	raw    syscall.RawConn
	conns  map[uint64]*Conn
	last   uint64
	closed bool // nothing enters any more
}

// edgeTriggered is syscall.EPOLLET, which is a negative constant there.
const edgeTriggered = 1 << 31

// open reports whether connections can enter. Where the system gives no such
// descriptor, net/http watches its clients itself. The caller holds d.mu.
func (d *departures) open() bool {
	if d.closed || d.epoll != nil {
		return !d.closed
	}
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		d.closed = true
		return false
	}
	_ = syscall.SetNonblock(fd, true) // for the runtime to wait for it, which is seen below
	d.epoll, d.conns = os.NewFile(uintptr(fd), "departures"), map[uint64]*Conn{}
	d.raw, err = d.epoll.SyscallConn()
	if err != nil || d.epoll.SetReadDeadline(time.Time{}) != nil {
		d.closed = true
		_ = d.epoll.Close()
		return false
	}
	go d.run(d.raw)
	return true
}

// enter reports whether c will be told.
func (d *departures) enter(conn *net.TCPConn, c *Conn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	id, ok := d.add(c)
	if !ok {
		return false
	}
	event := syscall.EpollEvent{Events: syscall.EPOLLRDHUP | edgeTriggered, Fd: int32(id), Pad: int32(id >> 32)}
	var refused error
	err = raw.Control(func(fd uintptr) {
		_ = d.raw.Control(func(epoll uintptr) {
			refused = syscall.EpollCtl(int(epoll), syscall.EPOLL_CTL_ADD, int(fd), &event)
		})
	})
	if err != nil || refused != nil {
		d.leave(id)
		return false
	}
	return true
}

// add names c before the kernel knows it, which may tell of it at once.
func (d *departures) add(c *Conn) (id uint64, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.open() {
		return 0, false
	}
	d.last++
	d.conns[d.last], c.departure.id = c, d.last
	return d.last, true
}

// leave forgets a connection; closing it is what makes the kernel do so.
func (d *departures) leave(id uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.conns, id)
	d.end()
}

// close lets nobody enter any more, and ends the watch when the last has left.
func (d *departures) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.end()
}

func (d *departures) end() {
	if d.closed && d.epoll != nil && len(d.conns) == 0 {
		_ = d.epoll.Close()
	}
}

func (d *departures) named(e *syscall.EpollEvent) *Conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.conns[uint64(uint32(e.Fd))|uint64(uint32(e.Pad))<<32]
}

// run tells who leaves, until the watch ends.
func (d *departures) run(raw syscall.RawConn) {
	var events [64]syscall.EpollEvent
	for {
		var n int
		err := raw.Read(func(epoll uintptr) bool {
			n = taken(int(epoll), events[:])
			return n > 0
		})
		if err != nil {
			return
		}
		for i := range events[:n] {
			if c := d.named(&events[i]); c != nil {
				go c.leaves()
			}
		}
	}
}

// taken returns how many events there are, without waiting.
func taken(epoll int, events []syscall.EpollEvent) int {
	for {
		n, err := syscall.EpollWait(epoll, events, 0)
		if err != syscall.EINTR {
			return n
		}
	}
}
