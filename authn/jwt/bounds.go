package jwt

import (
	"hash/maphash"
	"net/netip"
	"time"
)

const tableSize = 1024

// A budget lets a burst through, and one more every so often.
type budget struct{ next time.Time }

// holds reports whether something is left.
func (b *budget) holds(now time.Time, every time.Duration, burst int) bool {
	return b.next.Sub(now) <= every*time.Duration(burst-1)
}

// take spends one, where something is left.
func (b *budget) take(now time.Time, every time.Duration, burst int) bool {
	if !b.holds(now, every, burst) {
		return false
	}
	if b.next.Before(now) {
		b.next = now
	}
	b.next = b.next.Add(every)
	return true
}

// A clientTable holds a budget for each address. Addresses that fall on one
// place push each other out: the table does not grow, and the budget of the
// issuer bounds what many addresses can do.
type clientTable struct {
	seed maphash.Seed
	rows *[tableSize]clientRow
}

type clientRow struct {
	addr netip.Addr
	left budget
}

func newClientTable() clientTable {
	return clientTable{maphash.MakeSeed(), new([tableSize]clientRow)}
}

func (t *clientTable) take(addr netip.Addr, now time.Time) bool {
	addr = site(addr)
	row := &t.rows[maphash.Comparable(t.seed, addr)%tableSize]
	if row.addr != addr {
		*row = clientRow{addr: addr}
	}
	return row.left.take(now, clientEvery, clientBurst)
}

// site returns what one caller can hold many of: an IPv4 address, or the first
// 64 bits of an IPv6 one.
func site(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if !addr.Is6() {
		return addr
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return addr
	}
	return prefix.Addr()
}

// An absentTable remembers key ids that were looked for and not there. Ids that
// fall on one place push each other out.
type absentTable struct {
	seed maphash.Seed
	rows *[tableSize]absentRow
}

type absentRow struct {
	hash  uint64
	until time.Time
}

func newAbsentTable() absentTable {
	return absentTable{maphash.MakeSeed(), new([tableSize]absentRow)}
}

func (t *absentTable) has(id string, now time.Time) bool {
	hash := maphash.String(t.seed, id)
	row := &t.rows[hash%tableSize]
	return row.hash == hash && now.Before(row.until)
}

func (t *absentTable) add(id string, until time.Time) {
	hash := maphash.String(t.seed, id)
	t.rows[hash%tableSize] = absentRow{hash, until}
}
