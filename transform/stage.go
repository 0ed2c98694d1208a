package transform

import (
	"context"
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Stage makes a stage that runs t.Request on the way out and t.Response on the
// way back. Where t is a Varier, the stage varies as t says.
func Stage(name string, phase pipeline.Phase, t Transformer) pipeline.Stage {
	s := pipeline.Stage{Name: name, Phase: phase, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return wrap(next, t)
	}}
	if v, ok := t.(Varier); ok {
		s.Vary = v.Vary
	}
	return s
}

func wrap(next pipeline.Handler, t Transformer) pipeline.Handler {
	return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		if err := t.Request(x); err != nil {
			return nil, err
		}
		resp, err := next(ctx, x)
		if err != nil {
			return nil, err
		}
		return respond(x, resp, t)
	}
}

// respond closes the body of a response that t drops, by error or panic.
func respond(x *pipeline.Exchange, resp *http.Response, t Transformer) (*http.Response, error) {
	kept := false
	defer func() {
		if !kept && resp.Body != nil {
			_ = resp.Body.Close() // nobody reads it; why it is dropped matters more
		}
	}()
	if err := t.Response(x, resp); err != nil {
		return nil, err
	}
	kept = true
	return resp, nil
}
