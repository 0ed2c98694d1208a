package listen

import (
	"bytes"
	"net/netip"
)

// validHost tells whether b is a name, an IPv4 address or an IPv6 address in
// brackets, with an optional port.
func validHost(b []byte) bool {
	if len(b) > 0 && b[0] == '[' {
		return validLiteral(b)
	}
	name, port, found := bytes.Cut(b, []byte{':'})
	return len(name) <= 255 && names.all(name) && (!found || validPort(port))
}

func validLiteral(b []byte) bool {
	end := bytes.IndexByte(b, ']')
	if end < 0 || end > 46 {
		return false
	}
	addr, err := netip.ParseAddr(string(b[1:end]))
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return false
	}
	rest := b[end+1:]
	return len(rest) == 0 || rest[0] == ':' && validPort(rest[1:])
}

// validPort tells whether b is a number from 1 to 65535 without leading zeros.
func validPort(b []byte) bool {
	if len(b) == 0 || len(b) > 5 || b[0] == '0' {
		return false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n <= 65535
}
