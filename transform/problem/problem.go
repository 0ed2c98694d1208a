package problem

import (
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform/internal/field"
)

// Codes of the problems, and of the decisions to make them.
const (
	CodeRefused = "backend_refused" // 400 to 499: the backend refused the request
	CodeFailed  = "backend_failed"  // 500 to 599: the backend failed
)

// What a problem says where nothing of the backend's is passed on.
const (
	detailRefused = "The service refused the request."
	detailFailed  = "The service answered with an error."
)

// A Translator turns error answers of backends into problems of the gateway.
// It is a transform.Transformer and a transform.Varier.
type Translator struct {
	name   string
	turned [200]bool // by status, from 400
	keep   []string
	fields []string
	path   string
}

// New makes a Translator whose decisions bear the name.
func New(name string, c Config) (*Translator, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	t := &Translator{name: name, path: c.Detail, fields: always()}
	t.mark(c.Statuses)
	if c.Keep == nil {
		t.keep = []string{"application/problem+json"}
	}
	for _, k := range c.Keep {
		t.keep = append(t.keep, strings.ToLower(k))
	}
	for _, f := range c.Fields {
		t.fields = append(t.fields, http.CanonicalHeaderKey(f))
	}
	return t, nil
}

func (t *Translator) mark(statuses []Status) {
	if len(statuses) == 0 {
		statuses = []Status{"4xx", "5xx"}
	}
	for _, s := range statuses {
		first, last, err := s.span()
		for code := first; err == nil && code <= last; code++ {
			t.turned[code-400] = true
		}
	}
}

// Vary tells that an answer is judged alike whoever calls.
func (*Translator) Vary(*pipeline.Exchange) string { return "" }

// Request leaves the request alone.
func (*Translator) Request(*pipeline.Exchange) error { return nil }

// Response returns the problem that stands in for the answer; nil where that is
// passed on.
func (t *Translator) Response(x *pipeline.Exchange, resp *http.Response) error {
	if !t.turns(resp) {
		return nil
	}
	p := t.problem(resp)
	x.Decide(pipeline.Decision{Stage: t.name, Verdict: pipeline.Alter, Code: p.Code})
	return p
}

// turns reports whether the answer is an error that nobody asked to keep.
func (t *Translator) turns(resp *http.Response) bool {
	if i := resp.StatusCode - 400; i < 0 || i >= len(t.turned) || !t.turned[i] {
		return false
	}
	mediaType, _ := mediaTypeOf(resp.Header)
	return mediaType == "" || !slices.Contains(t.keep, mediaType)
}

// mediaTypeOf returns the media type in lower case, and its parameters; empty
// where it cannot be relied on.
func mediaTypeOf(h http.Header) (string, map[string]string) {
	if len(h["Content-Type"]) != 1 {
		return "", nil
	}
	mediaType, params, err := mime.ParseMediaType(h["Content-Type"][0])
	if err != nil {
		return "", nil
	}
	return mediaType, params
}

func (t *Translator) problem(resp *http.Response) *pipeline.Problem {
	code, detail := CodeRefused, detailRefused
	if resp.StatusCode >= 500 {
		code, detail = CodeFailed, detailFailed
	}
	if said := t.detail(resp); said != "" {
		detail = said
	}
	p := pipeline.Refuse(resp.StatusCode, code, detail).Because(cause(resp.StatusCode))
	p.Header = t.kept(resp.Header)
	return p
}

// kept returns the fields that the problem keeps; nil where there is none. What
// cannot be the value of a field is not passed on.
func (t *Translator) kept(from http.Header) http.Header {
	var kept http.Header
	for _, name := range t.fields {
		values := from[name]
		if len(values) == 0 || slices.ContainsFunc(values, func(v string) bool { return !field.ValidValue(v) }) {
			continue
		}
		if kept == nil {
			kept = http.Header{}
		}
		kept[name] = values[:len(values):len(values)]
	}
	return kept
}

// answered is the cause of a problem: the status that the backend gave.
type answered int

// Error names the status, for the logs.
func (a answered) Error() string { return "the backend answered " + strconv.Itoa(int(a)) }

// cause says what became of the backend. Those of its failures for which a
// cache outside may answer with what is stale (RFC 5861 section 4) are told as
// failures of the upstream.
func cause(status int) error {
	switch status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return &pipeline.UpstreamError{Kind: pipeline.UpstreamAnswered, Sent: true, Err: answered(status)}
	}
	return answered(status)
}
