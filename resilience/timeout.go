package resilience

import (
	"context"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// TimeoutConfig holds the settings of timeout. One of them has to be there.
type TimeoutConfig struct {
	// Total bounds the time from the beginning of the exchange to the response head, all tries and the waits between them included; 0 sets
	// no bound.
	Total registry.Duration `json:"total,omitempty"`
	// PerTry bounds the time to the response head of each try, within Total; 0
	// sets no bound of its own.
	PerTry registry.Duration `json:"per_try,omitempty"`
	// Idle bounds the time in which the response body brings nothing while the
	// client waits for it: then it is broken off. It holds for event streams too,
	// and needs to be longer than their pauses. Default: a body may pause for as
	// long as it likes.
	Idle registry.Duration `json:"idle,omitempty"`
	// Send names a request field that tells the backend, in milliseconds, how
	// long it has left: "X-Request-Timeout". On routes of the protocol grpc, and
	// where it is named, it is grpc-timeout in the form of gRPC. A caller's own
	// value counts where it is shorter. Default: nothing is sent.
	Send string `json:"send,omitempty"`
}

// Validate reports every fault.
func (c TimeoutConfig) Validate() error {
	var faults registry.Faults
	if c.Total < 0 {
		faults.Add("/total", "want a duration of 0 or more")
	}
	if c.PerTry < 0 {
		faults.Add("/per_try", "want a duration of 0 or more")
	}
	if c.Idle < 0 {
		faults.Add("/idle", "want a duration of 0 or more")
	}
	if c.Total == 0 && c.PerTry == 0 && c.Idle == 0 {
		faults.Add("", "want at least one of total, per_try and idle")
	}
	if c.Total > 0 && c.PerTry > c.Total {
		faults.Add("/per_try", "want at most the total of %v, not %v", c.Total, c.PerTry)
	}
	if c.Send != "" {
		if err := fieldFault(c.Send); err != nil {
			faults.Add("/send", "%w", err)
		}
	}
	return faults.Err()
}

// NewTimeout makes the stages of timeout: one around the retries, one inside
// them, behind it one that tells the backend what is left, and one for the
// pauses of the body. The first two bring x.Deadline forward, which costs
// neither a context nor a timer; who sends keeps to it. A handler inside that
// does not look at x.Deadline is not interrupted.
func NewTimeout(c TimeoutConfig) ([]pipeline.Stage, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	var stages []pipeline.Stage
	if c.Total > 0 {
		stages = append(stages, total(c.Total.Std()))
	}
	if c.PerTry > 0 {
		stages = append(stages, perTry(c.PerTry.Std()))
	}
	if c.Send != "" {
		stages = append(stages, newSender(c.Send).stage())
	}
	if c.Idle > 0 {
		stages = append(stages, cutIdle(c.Idle.Std()))
	}
	return stages, nil
}

// total makes a stage that brings the deadline forward to after from the
// beginning of the exchange. It alters nothing of the response, so it depends on
// nothing of the caller.
func total(after time.Duration) pipeline.Stage {
	return pipeline.Stage{
		Name: "timeout", Phase: pipeline.Deadline, Vary: nobody,
		Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				x.Hasten(start(x).Add(after))
				return next(ctx, x)
			}
		},
	}
}

// perTry does so from now on for each try, and tells those inside when that
// was, so that they need not read the clock again.
func perTry(after time.Duration) pipeline.Stage {
	return pipeline.Stage{
		Name: "timeout_try", Phase: pipeline.Protect, Vary: nobody,
		Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				x.Try = now(x)
				x.Hasten(x.Try.Add(after))
				resp, err := next(ctx, x)
				x.Try = time.Time{}
				return resp, err
			}
		},
	}
}

// start is when the exchange began: the total counts from there, and no clock
// is read for it.
func start(x *pipeline.Exchange) time.Time {
	if x.Start.IsZero() {
		return time.Now()
	}
	return x.Start
}

// now is time.Now at half its price: the monotonic clock is read alone.
func now(x *pipeline.Exchange) time.Time {
	if x.Start.IsZero() {
		return time.Now()
	}
	return x.Start.Add(time.Since(x.Start))
}

// nobody is the Vary of stages whose effect depends on nothing of the caller.
func nobody(*pipeline.Exchange) string { return "" }

// TimeoutKind returns the kind timeout.
func TimeoutKind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind("timeout", func(env *pipeline.Env, c TimeoutConfig) ([]pipeline.Stage, error) {
		if c.Send != "" && env.Route != nil && env.Route.Protocol == protocolGRPC {
			c.Send = grpcTimeout
		}
		return NewTimeout(c)
	})
}

// TimeoutPolicy returns a policy of kind timeout.
func TimeoutPolicy(c TimeoutConfig) registry.Policy { return registry.NewPolicy("timeout", c) }
