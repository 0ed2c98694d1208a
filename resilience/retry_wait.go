package resilience

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	maxDrain  = 4 << 10
	drainTime = 50 * time.Millisecond

	farSeconds = 3600
)

// wait returns how long to wait after the given try: the backoff, or what the
// backend asks for where that is longer.
func (r *retry) wait(try int, resp *http.Response) time.Duration {
	bound := r.config.Backoff.Max.Std()
	if base := r.config.Backoff.Base.Std(); base <= bound>>(try-1) {
		bound = base << (try - 1)
	}
	return max(time.Duration(r.random()*float64(bound)), retryAfter(resp))
}

// retryAfter returns what the response asks for (RFC 9110 section 10.2.3), 0
// where it asks for nothing. Beyond an hour, all times are alike.
func retryAfter(resp *http.Response) time.Duration {
	if resp == nil {
		return 0
	}
	value := resp.Header.Get("Retry-After")
	if value == "" {
		return 0
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(max(0, min(seconds, farSeconds))) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, min(time.Until(at), farSeconds*time.Second))
}

// drop lets go of a response that is not wanted. A short rest is read, so that
// the connection can be used again, but not for long.
func drop(resp *http.Response) {
	if resp == nil {
		return
	}
	if resp.ContentLength >= 0 && resp.ContentLength <= maxDrain {
		late := time.AfterFunc(drainTime, func() { _ = resp.Body.Close() })
		_, _ = io.CopyN(io.Discard, resp.Body, maxDrain) // what is lost is not wanted
		late.Stop()
	}
	_ = resp.Body.Close() // nor is it of interest how it ends
}

// pause waits; it reports false where ctx ended before.
func pause(ctx context.Context, wait time.Duration) bool {
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
