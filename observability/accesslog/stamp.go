package accesslog

import (
	"sync/atomic"
	"time"
)

// A stamp writes times as RFC 3339 does, with nanoseconds. Lines of one second
// have all but the fraction in common, which is kept.
type stamp struct{ last atomic.Pointer[second] }

// A second is how its times begin.
type second struct {
	unix int64
	text string
}

func (s *stamp) append(b []byte, t time.Time) []byte {
	now := s.last.Load()
	if unix := t.Unix(); now == nil || now.unix != unix {
		now = &second{unix, t.UTC().Format("2006-01-02T15:04:05")}
		s.last.Store(now)
	}
	return append(appendFraction(append(b, now.text...), t.Nanosecond()), 'Z')
}

// appendFraction leaves out the zeros at the end, as time.RFC3339Nano does.
func appendFraction(b []byte, ns int) []byte {
	if ns == 0 {
		return b
	}
	digits := 9
	for ; ns%10 == 0; ns /= 10 {
		digits--
	}
	b = append(b, ".000000000"[:1+digits]...)
	for i := len(b) - 1; ns > 0; i-- {
		b[i] = byte('0' + ns%10)
		ns /= 10
	}
	return b
}
