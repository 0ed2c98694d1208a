package ratelimit

import (
	"context"
	"errors"
	"time"
)

// A Rate is so many per period, with a burst.
type Rate struct {
	Limit int64
	Per   time.Duration
	Burst int64 // how many may come at once; 0 means Limit
}

// An Ask is what one bucket is asked to let pass.
type Ask struct {
	Key  string
	Rate Rate
	N    int64
}

// A Result is the state of one Ask after Take. Its zero value refuses.
type Result struct {
	Allowed    bool
	Remaining  int64
	Reset      time.Duration // until the bucket is full again
	RetryAfter time.Duration // until the ask would pass; 0 where it did
}

// A Limiter counts. Take is all or nothing: where one ask does not pass, none
// is spent. results has the length of asks. An error means that it could not
// count; what then happens is the fail mode of the limit.
//
// It is called once for each request, from many goroutines at once, and may
// block within ctx.
type Limiter interface {
	Take(ctx context.Context, asks []Ask, results []Result) error
}

// ErrUncharged is in the error of a Charge of which it is certain that it has
// spent nothing, so that it may be made again.
var ErrUncharged = errors.New("ratelimit: nothing was charged")

// A Charger is a Limiter that can be told afterwards what something came to,
// when it has been spent already. Charge spends N of each ask, whatever is
// there: a bucket may owe, and lets nothing pass until it does not any more. A
// negative N gives back.
//
// In the results Allowed is whether the bucket owes nothing, and RetryAfter
// until when it does. An error other than ErrUncharged leaves open whether it
// was charged.
//
// It is called a few times for each answer that is counted, at its end with a
// context that does not end with the client, and may block within ctx.
type Charger interface {
	Limiter
	Charge(ctx context.Context, asks []Ask, results []Result) error
}
