package audit

import (
	"encoding/hex"
	"sync"
	"time"
)

// Tickets are what exchanges wait by until their records are on the disk.
type tickets struct {
	mu   sync.Mutex
	next uint64
	open map[uint64]chan struct{}
}

// A record that somebody waits for bears the number of the ticket in front of
// its body, in as many digits.
const ticketDigits = 16

func (t *tickets) take() (uint64, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[uint64]chan struct{}{}
	}
	t.next++
	done := make(chan struct{})
	t.open[t.next] = done
	return t.next, done
}

// give tells who waits by the ticket, if anybody still does.
func (t *tickets) give(n uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if done := t.open[n]; done != nil {
		close(done)
		delete(t.open, n)
	}
}

// wait reports whether the ticket was given in time.
func (t *tickets) wait(n uint64, done <-chan struct{}, most time.Duration) bool {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
	}
	t.give(n)
	return false
}

func appendTicket(b []byte, n uint64) []byte {
	var raw [8]byte
	for i := range raw {
		raw[i] = byte(n >> (56 - 8*i))
	}
	return hex.AppendEncode(b, raw[:])
}

// cutTicket returns the body, and the ticket in front of it; 0 for none.
func cutTicket(line []byte) (body []byte, n uint64) {
	var raw [8]byte
	if len(line) < ticketDigits || line[0] == '"' {
		return line, 0
	}
	if _, err := hex.Decode(raw[:], line[:ticketDigits]); err != nil {
		return line, 0
	}
	for _, c := range raw {
		n = n<<8 | uint64(c)
	}
	return line[ticketDigits:], n
}
