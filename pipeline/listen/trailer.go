package listen

import "bytes"

// maxTrailer bounds the trailers with their last line; net/http reads no more.
const maxTrailer = 4 << 10

// forbidden tells whether a trailer must not have the name: fields of framing,
// routing, modifiers, credentials, and those that say how the content is to be
// read (RFC 9110 section 6.5.1).
func forbidden(name []byte) bool {
	for _, f := range [...]string{
		"content-length", "transfer-encoding", "trailer", "te", "connection", "keep-alive", "proxy-connection", "upgrade",
		"host", "forwarded", "via", "max-forwards", "x-real-ip", "x-original-url", "x-rewrite-url", "x-http-method-override",
		"authorization", "proxy-authorization", "proxy-authenticate", "www-authenticate", "cookie", "set-cookie", "x-api-key",
		"content-encoding", "content-type", "content-range", "content-location", "expect", "range", "cache-control", "pragma",
		"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "date", "age", "expires", "location",
		"retry-after", "vary", "warning",
	} {
		if alike(name, f) {
			return true
		}
	}
	const forwarded = "x-forwarded-"
	return len(name) >= len(forwarded) && alike(name[:len(forwarded)], forwarded)
}

// announced looks at the names of a Trailer field.
func announced(value []byte) *fault {
	for len(value) > 0 {
		var name []byte
		name, value, _ = bytes.Cut(value, []byte{','})
		if forbidden(trim(name)) {
			return faultTrailerName
		}
	}
	return nil
}

// trailers are read like a head without a request line.
type trailers struct {
	section
}

// read returns the length of the trailers with the empty line that ends them,
// or 0 where there is more to come.
func (t *trailers) read(data []byte, l *Limits) (int, *fault) {
	for {
		line, found, f := t.next(data, maxTrailer, faultTrailerLarge)
		if !found || f != nil {
			return 0, f
		}
		if len(line) == 0 {
			return t.at, nil
		}
		if t.fields++; t.fields > l.Fields {
			return 0, faultFields
		}
		name, _, f := splitField(line)
		if f != nil {
			return 0, f
		}
		if forbidden(name) {
			return 0, faultTrailerName
		}
	}
}
