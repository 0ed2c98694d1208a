package transform

import (
	"cmp"
	"context"
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Bounds of request bodies.
const (
	DefaultBodyMax = 10 * registry.MiB  // where BodyConfig.Max is 0
	MaxBuffered    = 256 * registry.MiB // what BodyConfig.Buffer may hold in memory
)

// buffering is where a body is read whole: behind who may call and how often,
// so that nobody else makes the gateway hold one; before all that transforms.
const buffering = pipeline.Transform - 10

// patience is where the least rate is lifted: for those who may call.
const patience = pipeline.Transform - 10

// BodyConfig holds the settings of the kind "body".
type BodyConfig struct {
	// Max is the longest request body taken, such as 64KiB or 10MiB. Default
	// 10MiB. A longer one is refused with 413: at once where its length is
	// declared, else as soon as it is seen.
	Max registry.Size `json:"max,omitempty"`
	// Buffer reads the whole body into memory before the backend is asked, so
	// that slow callers do not hold its connections. Default false: bodies are
	// streamed. Needs Max to be at most 256MiB.
	Buffer bool `json:"buffer,omitempty"`
	// Slow lets the body come as slowly as its sender likes: for uploads that are
	// streams of messages and say nothing for long. Default false: the least rate
	// of the listener holds, and a body below it is refused with 408. Not to be
	// had together with Buffer.
	Slow bool `json:"slow,omitempty"`
}

// Validate reports what is wrong with c.
func (c BodyConfig) Validate() error {
	var faults registry.Faults
	if c.Max < 0 {
		faults.Add("/max", "want 0 or more bytes, not %d", c.Max.Bytes())
	}
	if c.Buffer && c.Max > MaxBuffered {
		faults.Add("/max", "want at most %v where buffer is true, not %v", MaxBuffered, c.Max)
	}
	if c.Buffer && c.Slow {
		faults.Add("/slow", "want false where buffer is true: a body that may never end is not held")
	}
	return faults.Err()
}

// BodyKind returns the kind "body".
func BodyKind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(bodyKind, func(env *pipeline.Env, c BodyConfig) ([]pipeline.Stage, error) {
		name := cmp.Or(env.Name, bodyKind)
		stages := []pipeline.Stage{LimitBody(name, c.Max.Or(DefaultBodyMax))}
		if c.Slow {
			stages = append(stages, SlowBody(name+".slow"))
		}
		if c.Buffer {
			stages = append(stages, BufferBody(name+".buffer", c.Max.Or(DefaultBodyMax)))
		}
		return stages, nil
	})
}

const bodyKind = "body"

// BodyPolicy returns the policy of the settings.
func BodyPolicy(c BodyConfig) registry.Policy { return registry.NewPolicy(bodyKind, c) }

// LimitBody makes a stage that bounds the request body to max bytes. It reads
// nothing itself.
func LimitBody(name string, max registry.Size) pipeline.Stage {
	return onRequest(name, pipeline.Guard, func(_ context.Context, x *pipeline.Exchange) error {
		if x.In.ContentLength > max.Bytes() {
			return pipeline.TooLarge(max.Bytes())
		}
		x.LimitBody(max.Bytes())
		return nil
	})
}

// SlowBody makes a stage that lifts the least rate of the listener from the
// request body, on listeners that have one.
func SlowBody(name string) pipeline.Stage {
	return onRequest(name, patience, func(ctx context.Context, _ *pipeline.Exchange) error {
		listen.Patient(ctx)
		return nil
	})
}

// BufferBody makes a stage that reads the whole request body, of at most max
// bytes, before it goes on. The body is replayable from there on.
func BufferBody(name string, max registry.Size) pipeline.Stage {
	return onRequest(name, buffering, func(_ context.Context, x *pipeline.Exchange) error {
		_, err := x.Body(max.Bytes())
		return err
	})
}

// onRequest makes a stage that looks at the request alone, whoever calls.
func onRequest(name string, phase pipeline.Phase, f func(ctx context.Context, x *pipeline.Exchange) error) pipeline.Stage {
	return pipeline.Stage{
		Name: name, Phase: phase,
		Vary: func(*pipeline.Exchange) string { return "" },
		Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				if err := f(ctx, x); err != nil {
					return nil, err
				}
				return next(ctx, x)
			}
		},
	}
}
