package edge

import "strings"

// parseForwarded reads Forwarded fields (RFC 7239 section 4), the client's hop
// first. It reports false where any of it is malformed: none of it counts then.
func parseForwarded(lists []string) (hops []hop, ok bool) {
	for _, list := range lists {
		for {
			var h hop
			h, list, ok = forwardedElement(list)
			if !ok {
				return nil, false
			}
			hops = append(hops, h)
			if list == "" {
				break
			}
			list = list[1:] // the comma
		}
	}
	return hops, true
}

// forwardedElement reads pairs up to a comma or the end; rest begins with the
// comma.
func forwardedElement(s string) (h hop, rest string, ok bool) {
	seenFor, seenProto := false, false
	for {
		name, value, rest, ok := forwardedPair(s)
		if !ok {
			return hop{}, "", false
		}
		switch strings.ToLower(name) {
		case "for":
			if seenFor {
				return hop{}, "", false
			}
			seenFor, h.addr = true, nodeAddr(value)
		case "proto":
			if seenProto {
				return hop{}, "", false
			}
			seenProto, h.proto = true, knownProto(value)
		}
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" || rest[0] == ',' {
			return h, rest, true
		}
		if rest[0] != ';' {
			return hop{}, "", false
		}
		s = rest[1:]
	}
}

// forwardedPair reads token=value, where value is a token or quoted. Colons and
// brackets, which have to be quoted, are taken unquoted too: proxies write them.
func forwardedPair(s string) (name, value, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t")
	name, s = span(s, tokenByte)
	if name == "" || s == "" || s[0] != '=' {
		return "", "", "", false
	}
	if s = s[1:]; strings.HasPrefix(s, `"`) {
		value, rest, ok = quoted(s[1:])
		return name, value, rest, ok
	}
	value, rest = span(s, func(c byte) bool { return tokenByte(c) || c == ':' || c == '[' || c == ']' })
	return name, value, rest, value != ""
}

// quoted reads a quoted-string behind its first quote.
func quoted(s string) (value, rest string, ok bool) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return out.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
			out.WriteByte(s[i])
		default:
			out.WriteByte(c)
		}
	}
	return "", "", false
}

func span(s string, in func(byte) bool) (run, rest string) {
	i := 0
	for i < len(s) && in(s[i]) {
		i++
	}
	return s[:i], s[i:]
}
