// Package hours is a policy of one's own: it closes routes outside opening
// hours. A configuration names it like those of the library:
//
//	policies:
//	  - opening_hours: {from: 9, to: 17}
package hours

import (
	"context"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Config is the settings: hours of the day in UTC.
type Config struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// A Clock tells the time.
type Clock func() time.Time

// SystemClock returns the clock of the system.
func SystemClock() Clock { return time.Now }

// New makes the kind "opening_hours".
func New(now Clock) pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind("opening_hours", func(_ *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		return []pipeline.Stage{{Name: "opening_hours", Phase: pipeline.Guard, Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				if h := now().UTC().Hour(); h < c.From || h >= c.To {
					return nil, pipeline.Refuse(http.StatusServiceUnavailable, "closed", "We are closed.")
				}
				return next(ctx, x)
			}
		}}}, nil
	})
}
