package h1

import (
	"net/http"
	"strconv"
	"strings"
)

// A framing is how the end of a body is found.
type framing uint8

const (
	noBody  framing = iota
	counted         // by its length
	chunked
	toClose // with the connection
)

// frame finds out how the body of an answer is framed (RFC 9112 section 6.3),
// and whether the connection may serve on after it. What is ambiguous is
// refused, also where there is no body: two readers of one connection must
// never disagree about where an answer ends.
func frame(resp *http.Response, method string) (f framing, length int64, keep bool, err error) {
	h := resp.Header
	length, err = declaredLength(h)
	if err != nil {
		return 0, 0, false, err
	}
	inChunks, err := declaredChunked(resp, length)
	if err != nil {
		return 0, 0, false, err
	}
	keep = kept(resp)
	switch status := resp.StatusCode; {
	case method == http.MethodHead:
		return noBody, length, keep, nil
	case status < 200, status == http.StatusNoContent:
		return noBody, 0, keep && !inChunks && length <= 0, nil // what follows is none of ours to guess
	case status == http.StatusNotModified:
		return noBody, 0, keep, nil
	case inChunks:
		return chunked, -1, keep, nil
	case length == 0:
		return noBody, 0, keep, nil
	case length > 0:
		return counted, length, keep, nil
	}
	return toClose, -1, false, nil
}

// declaredLength returns the length of Content-Length, -1 where there is none.
// What says the same twice is made one line; what says two things is refused.
func declaredLength(h http.Header) (int64, error) {
	values := h["Content-Length"]
	if len(values) == 0 {
		return -1, nil
	}
	for _, v := range values[1:] {
		if v != values[0] {
			return 0, MalformedError("two lengths")
		}
	}
	n, err := strconv.ParseUint(values[0], 10, 63)
	if err != nil || !isDigits(values[0]) {
		return 0, MalformedError("a length that is no number")
	}
	if len(values) > 1 {
		h["Content-Length"] = values[:1:1]
	}
	return int64(n), nil
}

// declaredChunked reports whether the body comes in chunks.
func declaredChunked(resp *http.Response, length int64) (bool, error) {
	values, there := resp.Header["Transfer-Encoding"]
	switch {
	case !there:
		return false, nil
	case length >= 0:
		return false, MalformedError("a length beside a transfer coding")
	case resp.ProtoMinor == 0:
		return false, MalformedError("a transfer coding in HTTP/1.0")
	case len(values) != 1 || !strings.EqualFold(values[0], "chunked"):
		return false, MalformedError("a transfer coding other than chunked")
	}
	delete(resp.Header, "Transfer-Encoding")
	return true, nil
}

// kept reports whether the backend keeps the connection (RFC 9112 section 9.3).
func kept(resp *http.Response) bool {
	options := resp.Header["Connection"]
	switch {
	case len(options) > 0 && lists(options, "close"):
		return false
	case resp.ProtoMinor == 0:
		return lists(options, "keep-alive")
	}
	return true
}

// announced returns the fields that will follow the body, nil where none are
// announced.
func announced(h http.Header) http.Header {
	values, there := h["Trailer"]
	if !there {
		return nil
	}
	delete(h, "Trailer")
	trailer := http.Header{}
	for _, v := range values {
		for item := range strings.SplitSeq(v, ",") {
			if name := http.CanonicalHeaderKey(trim(item)); mayTrail(name) {
				trailer[name] = nil
			}
		}
	}
	if len(trailer) == 0 {
		return nil
	}
	return trailer
}

// mayTrail reports whether a field may follow a body: not one that frames it,
// or belongs to the connection (RFC 9110 section 6.5.1).
func mayTrail(name string) bool {
	switch name {
	case "Transfer-Encoding", "Content-Length", "Trailer", "Host", "Connection", "Keep-Alive", "Upgrade", "Te",
		"Proxy-Connection", "Content-Encoding", "Content-Type", "Content-Range", "Set-Cookie":
		return false
	}
	return isToken(name)
}
