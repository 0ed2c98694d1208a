package edge

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// unframed refuses what net/http lets pass in requests of HTTP/2 and what would
// be another request in HTTP/1.1: RFC 9113 sections 8.1.1 and 8.3.1.
func (c *call) unframed(r *http.Request) *pipeline.Problem {
	if r.ProtoMajor < 2 {
		return nil // such requests come by listeners that read them first
	}
	if lengths := r.Header["Content-Length"]; len(lengths) > 1 || len(lengths) == 1 && !announced(lengths[0], r.ContentLength) {
		return pipeline.Refuse(http.StatusBadRequest, pipeline.CodeFieldRefused, "The length is not that of the body.")
	}
	if r.Header["Content-Length"] != nil && r.ContentLength == 0 && !ended(r.Body) {
		return pipeline.Refuse(http.StatusBadRequest, pipeline.CodeFieldRefused, "The length is not that of the body.")
	}
	if hosts := r.Header["Host"]; len(hosts) > 1 || len(hosts) == 1 && !strings.EqualFold(hosts[0], r.Host) {
		return pipeline.Refuse(http.StatusBadRequest, pipeline.CodeHostRefused, "The request names more than one host.")
	}
	if !visible(r.RequestURI) || r.RequestURI[0] != '/' && r.RequestURI != "*" {
		return pipeline.Refuse(http.StatusBadRequest, pipeline.CodePathRefused, "The path is not one that all parsers read alike.")
	}
	return nil
}

// ended reports whether a body that is announced as empty is.
func ended(body io.Reader) bool {
	var one [1]byte
	n, err := body.Read(one[:])
	return n == 0 && err == io.EOF
}

// announced reports whether a Content-Length announces n bytes.
func announced(length string, n int64) bool {
	got, err := strconv.ParseUint(length, 10, 63)
	return err == nil && length[0] != '+' && int64(got) == n
}

// visible reports whether s is not empty and holds nothing but visible ASCII.
func visible(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return s != ""
}
