package listen

import (
	"errors"
	"net"
	"net/netip"
	"sync"
)

// Defaults of the bounds of connections.
const (
	maxConnections           = 16_384
	maxConnectionsPerAddress = maxConnections / 4
)

var errConnections = errors.New("more connections than allowed")

// connections counts those of one listener that are open. What it holds of
// addresses is bounded by them.
type connections struct {
	total, each int // bounds; negative: none

	mu   sync.Mutex
	open int
	from map[netip.Prefix]int
}

func newConnections(total, each int) *connections {
	return &connections{total: total, each: each, from: map[netip.Prefix]int{}}
}

// A counted is a connection that counts until it is closed.
type counted struct {
	net.Conn
	of   *connections
	from netip.Prefix // whose it is; not valid until that is known
	left bool
}

// enter counts conn, or returns false where there are enough.
func (c *connections) enter(conn net.Conn) (*counted, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.total >= 0 && c.open >= c.total {
		return nil, false
	}
	c.open++
	return &counted{Conn: conn, of: c}, true
}

// belongs counts the connection for its client, or returns an error where that
// has enough.
func (k *counted) belongs(client net.Addr) error {
	c, from := k.of, origin(client)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.each < 0 || k.left || !from.IsValid():
		return nil
	case c.from[from] >= c.each:
		return errConnections
	}
	k.from = from
	c.from[from]++
	return nil
}

// Close closes the connection, which counts no more.
func (k *counted) Close() error {
	k.leave()
	return k.Conn.Close()
}

func (k *counted) leave() {
	c := k.of
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.left {
		return
	}
	k.left = true
	c.open--
	if !k.from.IsValid() {
		return
	}
	if c.from[k.from]--; c.from[k.from] == 0 {
		delete(c.from, k.from)
	}
}

// CloseWrite ends what is sent, where the connection can.
func (k *counted) CloseWrite() error { return closeWrite(k.Conn) }

// origin returns what counts as one client: an address of IPv4, or the /64 of
// one of IPv6, which is what a household or machine is given.
func origin(client net.Addr) netip.Prefix {
	tcp, ok := client.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
