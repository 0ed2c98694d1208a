package ratelimit

import (
	"slices"
	"strconv"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Response fields, as net/http spells their names: RateLimit and
// RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers, and the X- ones
// that clients know.
const (
	fieldRateLimit = "Ratelimit"
	fieldPolicy    = "Ratelimit-Policy"
	fieldLimit     = "X-Ratelimit-Limit"
	fieldRemaining = "X-Ratelimit-Remaining"
	fieldReset     = "X-Ratelimit-Reset"
)

// seconds rounds up: who comes back after as many finds what was promised.
func seconds(d time.Duration) int64 {
	return int64((d + time.Second - 1) / time.Second)
}

// A standing is what a caller is told, made of one string.
type standing struct {
	buf              []byte
	remaining, reset [2]int // where they stand in buf
}

// write writes the value of RateLimit, and finds those of the tightest rule in
// it.
func (s *standing) write(r *rules, results []Result, tightest int) {
	s.buf = s.buf[:0]
	for i := range results {
		if i > 0 {
			s.buf = append(s.buf, ", "...)
		}
		s.buf = append(append(append(s.buf, '"'), r.names[i]...), `";r=`...)
		from := len(s.buf)
		s.buf = strconv.AppendInt(s.buf, results[i].Remaining, 10)
		remaining := [2]int{from, len(s.buf)}
		s.buf = append(s.buf, ";t="...)
		from = len(s.buf)
		s.buf = strconv.AppendInt(s.buf, seconds(results[i].Reset), 10)
		if i == tightest {
			s.remaining, s.reset = remaining, [2]int{from, len(s.buf)}
		}
	}
}

// tell sets the fields of whatever will be answered. Where another limit has
// set them before, the lists are joined, and the X- fields are those of the
// limit that leaves less.
func (s *standing) tell(x *pipeline.Exchange, r *rules, tightest int) {
	text := string(s.buf)
	before := x.Reply[fieldRateLimit]
	x.SetReply(fieldRateLimit, text)
	if len(before) > 0 {
		x.Reply[fieldRateLimit] = joined(before, x.Reply[fieldRateLimit])
	}
	x.Reply[fieldPolicy] = joined(x.Reply[fieldPolicy], r.policy)
	remaining := text[s.remaining[0]:s.remaining[1]]
	if tighter(x.Reply[fieldRemaining], remaining) {
		return
	}
	x.Reply[fieldLimit] = r.capacity[tightest]
	x.SetReply(fieldRemaining, remaining)
	x.SetReply(fieldReset, text[s.reset[0]:s.reset[1]])
}

// joined returns the values of both; neither is altered.
func joined(before, more []string) []string {
	if len(before) == 0 {
		return more
	}
	return slices.Concat(before, more)
}

// tighter reports whether the limit that was told of before leaves less.
func tighter(before []string, remaining string) bool {
	if len(before) == 0 {
		return false
	}
	was, errWas := strconv.ParseInt(before[0], 10, 64)
	is, errIs := strconv.ParseInt(remaining, 10, 64)
	return errWas == nil && errIs == nil && was < is
}
