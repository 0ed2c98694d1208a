package resilience

import (
	"cmp"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const maxFallbackBody = 1 << 20

// FallbackConfig holds the settings of fallback.
type FallbackConfig struct {
	// On says in place of which failures the answer is given.
	On FallbackOn `json:"on,omitzero"`
	// Methods lists the methods that are answered; none means GET and HEAD.
	Methods []string `json:"methods,omitempty"`
	// Respond is the answer.
	Respond FallbackAnswer `json:"respond"`
}

// FallbackOn says what a fallback stands in for.
type FallbackOn struct {
	// Errors lists the failures without an answer: connect, reset, malformed,
	// timeout, none_ready, breaker_open, overloaded. None means all of them.
	Errors []string `json:"errors,omitempty" enum:"connect,reset,malformed,timeout,none_ready,breaker_open,overloaded"`
	// Statuses lists the answers of the backend, of 400 to 599, that are
	// replaced; none means none.
	Statuses []int `json:"statuses,omitempty"`
}

// A FallbackAnswer is sent as it stands.
type FallbackAnswer struct {
	// Status is the status of the answer, from 200 to 599; 0 means 200.
	Status int `json:"status,omitempty"`
	// ContentType is the media type of Body; none means application/json.
	ContentType string `json:"content_type,omitempty"`
	// Body is at most 1 MiB long.
	Body string `json:"body,omitempty"`
	// Headers maps further fields to their values. Cache-Control is no-store
	// unless it is set here: a degraded answer is not to outlive its cause.
	Headers map[string]string `json:"headers,omitempty"`
}

var upstreamKinds = []string{
	pipeline.UpstreamConnect, pipeline.UpstreamReset, pipeline.UpstreamMalformed, pipeline.UpstreamTimeout,
	pipeline.UpstreamNoneReady, pipeline.UpstreamBreakerOpen, pipeline.UpstreamOverloaded,
}

// Validate reports every fault.
func (c FallbackConfig) Validate() error {
	var faults registry.Faults
	for i, kind := range c.On.Errors {
		if !slices.Contains(upstreamKinds, kind) {
			faults.Add(fmt.Sprintf("/on/errors/%d", i), "want one of %s, not %q", strings.Join(upstreamKinds, ", "), kind)
		}
	}
	for i, s := range c.On.Statuses {
		if s < 400 || s > 599 {
			faults.Add(fmt.Sprintf("/on/statuses/%d", i), "want a status of 400 to 599, not %d", s)
		}
	}
	for i, m := range c.Methods {
		if !isMethod(m) {
			faults.Add(fmt.Sprintf("/methods/%d", i), "want a method in capitals, not %q", m)
		}
	}
	c.Respond.check(&faults)
	return faults.Err()
}

func (a FallbackAnswer) check(faults *registry.Faults) {
	status := cmp.Or(a.Status, http.StatusOK)
	switch {
	case status < 200 || status > 599:
		faults.Add("/respond/status", "want a status from 200 to 599, not %d", status)
	case a.Body != "" && (status == http.StatusNoContent || status == http.StatusResetContent || status == http.StatusNotModified):
		faults.Add("/respond/body", "an answer with status %d has no body", status)
	case len(a.Body) > maxFallbackBody:
		faults.Add("/respond/body", "want at most %d bytes, not %d", maxFallbackBody, len(a.Body))
	}
	if _, _, err := mime.ParseMediaType(cmp.Or(a.ContentType, "application/json")); err != nil || !isFieldValue(a.ContentType) {
		faults.Add("/respond/content_type", "want a media type such as application/json, not %q", a.ContentType)
	}
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(a.Headers)) {
		at := "/respond/headers/" + registry.Escape(name)
		if err := answerFieldFault(name, a.Headers[name]); err != nil {
			faults.Add(at, "%w", err)
		}
		if canonical := http.CanonicalHeaderKey(name); seen[canonical] {
			faults.Add(at, "%s is given twice", canonical)
		}
		seen[http.CanonicalHeaderKey(name)] = true
	}
}
