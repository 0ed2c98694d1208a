package listen

import "encoding/binary"

// octets is a set of bytes.
type octets [256]bool

func set(members string) *octets {
	s := new(octets)
	for i := range len(members) {
		s[members[i]] = true
	}
	return s
}

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// The sets below are read only.
var (
	tokens = set(alphanumeric + "!#$%&'*+-.^_`|~") // RFC 9110 section 5.6.2
	names  = set(alphanumeric + "-._")             // of hosts
	hexes  = set("0123456789ABCDEFabcdef")
)

// all tells whether b is not empty and every byte is in s.
func (s *octets) all(b []byte) bool {
	for _, c := range b {
		if !s[c] {
			return false
		}
	}
	return len(b) > 0
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// printable tells whether b has no control character but tabs: RFC 9110
// section 5.5. Eight bytes are looked at at a time, as most of what comes is
// values.
func printable(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		x := binary.LittleEndian.Uint64(b)
		del := x ^ ones*0x7f
		// A byte below 0x20, or one that is 0x7f; exact where no byte borrows,
		// else too eager, so what is found is looked at again.
		if ((x-ones*0x20)&^x|(del-ones)&^del)&highs != 0 && !printableSlow(b[:8]) {
			return false
		}
	}
	return printableSlow(b)
}

func printableSlow(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// visible tells whether b has only visible ASCII characters.
func visible(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// trim removes optional white space: RFC 9110 section 5.6.3.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// same tells whether b is want, which is in lower case, in any case.
func same(b []byte, want string) bool {
	if len(b) != len(want) {
		return false
	}
	for i, c := range b {
		if lower(c) != want[i] {
			return false
		}
	}
	return true
}

// alike tells whether b is want but for its case and for what stands where
// want has a hyphen: what some backend may take for the same name.
func alike(b []byte, want string) bool {
	if len(b) != len(want) {
		return false
	}
	for i, c := range b {
		if want[i] != '-' && lower(c) != want[i] {
			return false
		}
	}
	return true
}
