package resilience

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// CodeFallbackServed is the code of the decision to answer in place of the
// backend. The rule is the kind of failure, or "status".
const CodeFallbackServed = "fallback_served"

const kindFallback = "fallback"

type fallback struct {
	name        string
	errors      []string
	statuses    []int
	methods     []string
	status      int
	contentType string
	body        []byte
	header      http.Header // whose values are shared
}

// NewFallback makes the stage of fallback under a name. It gives a static
// answer in place of a failure of the backend: no answer, or one of the listed
// statuses. Refusals of the gateway that are no such failure stay what they
// are, and so does all that the client caused.
func NewFallback(name string, c FallbackConfig) (pipeline.Stage, error) {
	if err := c.Validate(); err != nil {
		return pipeline.Stage{}, err
	}
	f := &fallback{
		name: name, errors: slices.Clone(c.On.Errors), statuses: slices.Clone(c.On.Statuses),
		methods: slices.Clone(c.Methods), status: cmp.Or(c.Respond.Status, http.StatusOK),
		body: []byte(c.Respond.Body), header: http.Header{"Cache-Control": {"no-store"}},
	}
	if len(f.methods) == 0 {
		f.methods = []string{http.MethodGet, http.MethodHead}
	}
	if len(f.body) > 0 {
		f.contentType = cmp.Or(c.Respond.ContentType, "application/json")
	}
	for field, value := range c.Respond.Headers {
		f.header[http.CanonicalHeaderKey(field)] = []string{value}
	}
	return pipeline.Stage{Name: name, Phase: pipeline.Fallback, Wrap: f.wrap, Vary: nobody}, nil
}

func (f *fallback) wrap(next pipeline.Handler) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp, err := next(ctx, x)
		reason := f.reason(resp, err)
		if reason == "" || !f.mayAnswer(ctx, x) {
			return resp, err
		}
		drop(resp)
		x.Decide(pipeline.Decision{Stage: f.name, Rule: reason, Verdict: pipeline.Alter, Code: CodeFallbackServed})
		return f.answer(x), nil
	}
}

// reason says what the answer stands in for; empty where it does not.
func (f *fallback) reason(resp *http.Response, err error) string {
	if err == nil {
		if slices.Contains(f.statuses, resp.StatusCode) {
			return "status"
		}
		return ""
	}
	kind := failureOf(err)
	if kind == "" || len(f.errors) > 0 && !slices.Contains(f.errors, kind) {
		return ""
	}
	return kind
}

// failureOf returns how the backend failed; empty where it did not. A deadline
// that passed is a timeout, as it is at the edge.
func failureOf(err error) string {
	if u, ok := errors.AsType[*pipeline.UpstreamError](err); ok {
		return u.Kind
	}
	if _, own := errors.AsType[*pipeline.Problem](err); !own && errors.Is(err, context.DeadlineExceeded) {
		return pipeline.UpstreamTimeout
	}
	return ""
}

// mayAnswer reports whether there is somebody who takes the answer for one.
func (f *fallback) mayAnswer(ctx context.Context, x *pipeline.Exchange) bool {
	return ctx.Err() == nil && x.Upgrade == "" && slices.Contains(f.methods, x.In.Method)
}

func (f *fallback) answer(x *pipeline.Exchange) *http.Response {
	resp := pipeline.Respond(x, f.status, f.contentType, f.body)
	maps.Copy(resp.Header, f.header)
	return resp
}

// FallbackKind returns the kind fallback.
func FallbackKind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kindFallback, func(env *pipeline.Env, c FallbackConfig) ([]pipeline.Stage, error) {
		s, err := NewFallback(cmp.Or(env.Name, kindFallback), c)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{s}, nil
	})
}

// FallbackPolicy returns a policy of kind fallback.
func FallbackPolicy(c FallbackConfig) registry.Policy { return registry.NewPolicy(kindFallback, c) }
