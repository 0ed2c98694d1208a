package resilience

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	maxDrain  = 4 << 10
	drainTime = 50 * time.Millisecond
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
// where it asks for nothing.
func retryAfter(resp *http.Response) time.Duration {
	if resp == nil {
		return 0
	}
	value := resp.Header.Get("Retry-After")
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
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
