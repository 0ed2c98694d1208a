package payload

import (
	"context"
	"net/http"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const kindName = "payload"

// phase is behind authentication, authorization and limits, which read no body:
// nobody makes the gateway read one who may not call, or calls too often. It is
// before the cache, so that what is kept does not decide whether a body is
// looked at, and before every stage that reads or alters bodies.
const phase = pipeline.Cache - 10

// Kind returns the kind "payload": one stage, between the phases Limit and
// Cache.
func Kind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kindName, func(env *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		stage, err := New(authz.StageName(env, kindName), c)
		if err != nil {
			return nil, err
		}
		return []pipeline.Stage{stage}, nil
	})
}

// Policy returns the policy of the settings.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kindName, c) }

func (k *checker) wrap(next pipeline.Handler) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		kept, stream, length := x.OutBody()
		if stream != nil {
			x.SetBody(stream, length) // it was handed out
		} else if len(kept) == 0 {
			return next(ctx, x)
		}
		f, refused := k.types.judge(x.In.Header)
		switch {
		case refused != nil && length < 0 && x.Replayable(0):
			return next(ctx, x) // it has come to its end without a byte
		case refused != nil:
			return nil, k.deny(x, refused.rule, refused.problem)
		case f == unchecked:
			return next(ctx, x)
		case stream == nil:
			if fault := k.whole(f, kept); fault != nil {
				return nil, k.deny(x, fault.Rule, fault.problem())
			}
			k.pass(x, f)
			return next(ctx, x)
		}
		return k.check(ctx, x, k.over(f, stream, length), length, next)
	}
}

// check checks a body that has yet to come: all of it before it goes on, where
// it is short.
func (k *checker) check(ctx context.Context, x *pipeline.Exchange, r *reader, length int64, next pipeline.Handler) (*http.Response, error) {
	x.SetBody(r, length)
	if length <= k.inspect && k.inspect >= 0 {
		x.Replayable(k.inspect) // what it meets is asked for below
	}
	if err := k.verdict(x, r); err != nil {
		return nil, err
	}
	told := r.good.Load()
	if told {
		k.pass(x, r.format)
	}
	resp, err := next(ctx, x)
	if refusal := k.denied(x, r); refusal != nil {
		if resp != nil && resp.Body != nil {
			_ = resp.Body.Close() // an answer to half a request
		}
		return nil, refusal
	}
	if !told && r.good.Load() {
		k.pass(x, r.format)
	}
	return resp, err
}

// verdict is denied, and what the client did wrong in sending the body.
func (k *checker) verdict(x *pipeline.Exchange, r *reader) error {
	if refusal := k.denied(x, r); refusal != nil {
		return refusal
	}
	if p := r.broken.Load(); p != nil {
		return p
	}
	return nil
}

// denied returns the refusal of a body in which a fault was found. Whatever
// else came of it matters less: the backend did not get the request.
func (k *checker) denied(x *pipeline.Exchange, r *reader) error {
	fault := r.fault.Load()
	if fault == nil {
		return nil
	}
	return k.deny(x, fault.Rule, r.refusal)
}

func (k *checker) deny(x *pipeline.Exchange, rule string, p *pipeline.Problem) error {
	x.Decide(pipeline.Decision{Stage: k.name, Rule: rule, Verdict: pipeline.Deny, Code: p.Code})
	return p
}

func (k *checker) pass(x *pipeline.Exchange, f format) {
	x.Decide(pipeline.Decision{Stage: k.name, Rule: f.String(), Verdict: pipeline.Pass})
}
