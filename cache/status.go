package cache

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Reasons to ask the backend, as RFC 9211 section 2.2 names them.
const (
	fwdBypass   = "bypass"    // the cache does not handle such requests
	fwdMethod   = "method"    // nor such methods
	fwdMiss     = "miss"      // there is nothing
	fwdVaryMiss = "vary-miss" // there is something, for requests with other fields
	fwdStale    = "stale"     // what there is has to be validated
	fwdRequest  = "request"   // the request does not want what there is
)

// A report is what Cache-Status says of how this cache handled a request.
type report struct {
	hit       bool
	ttl       time.Duration
	hasTTL    bool
	fwd       string
	fwdStatus int
	stored    bool
	collapsed bool
	detail    string
}

// tell sets Cache-Status on whatever will be answered. What caches nearer to
// the backend said stands in front.
func (p *policy) tell(x *pipeline.Exchange, resp *http.Response, r report) {
	var said []string
	if resp != nil {
		said = resp.Header["Cache-Status"]
	}
	if r == (report{fwd: r.fwd}) && len(said) == 0 {
		x.SetReply("Cache-Status", p.forwarded[r.fwd])
		return
	}
	b := make([]byte, 0, 64)
	if len(said) > 0 {
		b = append(append(b, strings.Join(said, ", ")...), ", "...)
	}
	b = append(b, p.name...)
	x.SetReply("Cache-Status", string(r.append(b)))
}

// forwarded returns what is told where a request is sent on and there is no
// more to say, by reason.
func forwarded(name string) map[string]string {
	texts := map[string]string{}
	for _, fwd := range [...]string{"", fwdBypass, fwdMethod, fwdMiss, fwdVaryMiss, fwdStale, fwdRequest} {
		r := report{fwd: fwd}
		texts[fwd] = string(r.append([]byte(name)))
	}
	return texts
}

func (r *report) append(b []byte) []byte {
	if r.hit {
		b = append(b, "; hit"...)
	}
	if r.fwd != "" {
		b = append(append(b, "; fwd="...), r.fwd...)
	}
	if r.fwdStatus != 0 {
		b = strconv.AppendInt(append(b, "; fwd-status="...), int64(r.fwdStatus), 10)
	}
	if r.hasTTL {
		b = strconv.AppendInt(append(b, "; ttl="...), int64(r.ttl/time.Second), 10)
	}
	if r.stored {
		b = append(b, "; stored"...)
	}
	if r.collapsed {
		b = append(b, "; collapsed"...)
	}
	if r.detail != "" {
		b = append(append(b, "; detail="...), r.detail...)
	}
	return b
}
