package listen

import "bytes"

// parseLine reads "method SP target SP version" (RFC 9112 section 3), and
// tells whether the version is 1.0.
func parseLine(b []byte) (old bool, f *fault) {
	first, last := bytes.IndexByte(b, ' '), bytes.LastIndexByte(b, ' ')
	if first < 0 || first == last {
		return false, faultLine
	}
	method, target, version := b[:first], b[first+1:last], b[last+1:]
	switch {
	case len(target) == 0 || bytes.IndexByte(target, ' ') >= 0:
		return false, faultLine
	case !tokens.all(method):
		return false, faultMethod
	case string(version) == "HTTP/1.0":
		old = true
	case string(version) != "HTTP/1.1":
		return false, unknownVersion(version)
	}
	if !validTarget(method, target) {
		return false, faultTarget
	}
	return old, nil
}

// unknownVersion is 505 for what is a version, 400 for what is none.
func unknownVersion(b []byte) *fault {
	if bytes.HasPrefix(b, []byte("HTTP/")) && visible(b) {
		return faultVersion
	}
	return faultLine
}

// validTarget holds the target to the four forms of RFC 9112 section 3.2.
func validTarget(method, target []byte) bool {
	switch {
	case !visible(target) || bytes.IndexByte(target, '#') >= 0:
		return false
	case string(method) == "CONNECT":
		return validAuthority(target)
	case target[0] == '/':
		return validPath(target)
	case string(target) == "*":
		return string(method) == "OPTIONS"
	}
	return validAbsolute(target)
}

// validAuthority tells whether b is a host and a port: the form of CONNECT.
func validAuthority(b []byte) bool {
	return validHost(b) && b[len(b)-1] != ']' && bytes.IndexByte(b, ':') >= 0
}

// validAbsolute tells whether b is a URI of http or https without userinfo.
func validAbsolute(b []byte) bool {
	scheme, rest, found := bytes.Cut(b, []byte("://"))
	if !found || !same(scheme, "http") && !same(scheme, "https") {
		return false
	}
	end := bytes.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	return validHost(rest[:end]) && validPath(rest[end:])
}

// validPath tells whether every percent sign before the query is followed by
// two hexadecimal digits.
func validPath(b []byte) bool {
	if end := bytes.IndexByte(b, '?'); end >= 0 {
		b = b[:end]
	}
	for {
		i := bytes.IndexByte(b, '%')
		if i < 0 {
			return true
		}
		if i+2 >= len(b) || !hexes[b[i+1]] || !hexes[b[i+2]] {
			return false
		}
		b = b[i+3:]
	}
}
