package resilience

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

const grpcTimeout = "Grpc-Timeout"

// A sender tells the backend how long it has left, in one field.
type sender struct {
	field  string
	format func(left time.Duration) string
	parse  func(value string) (time.Duration, bool)
}

// newSender makes a sender of the field: grpc-timeout in its own form, any
// other in milliseconds.
func newSender(field string) sender {
	field = http.CanonicalHeaderKey(field)
	if field == grpcTimeout {
		return sender{field, formatGRPC, parseGRPC}
	}
	return sender{field, formatMillis, parseMillis}
}

// stage stands inside the retries, so that each try is told what is left then.
func (s sender) stage() pipeline.Stage {
	return pipeline.Stage{
		Name: "timeout_send", Phase: pipeline.Protect, Vary: nobody,
		Wrap: func(next pipeline.Handler) pipeline.Handler {
			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
				s.send(x)
				return next(ctx, x)
			}
		},
	}
}

// send sets the field. A caller that says itself how long it will wait is not
// made to wait longer; what it says in another form is replaced.
func (s sender) send(x *pipeline.Exchange) {
	if x.Deadline.IsZero() {
		return
	}
	left := max(time.Until(x.Deadline), leastTry)
	values := x.Values(s.field)
	if len(values) == 1 {
		if wanted, ok := s.parse(values[0]); ok && wanted <= left {
			return
		}
	}
	x.Set(s.field, s.format(left))
}

func formatMillis(left time.Duration) string {
	return strconv.FormatInt(left.Milliseconds(), 10)
}

func parseMillis(value string) (time.Duration, bool) {
	n, ok := digits(value, 12)
	return time.Duration(n) * time.Millisecond, ok
}

// grpcUnits are the units of grpc-timeout, from the finest that is written.
// A value has at most eight digits.
var grpcUnits = [...]struct {
	name string
	unit time.Duration
}{
	{"u", time.Microsecond}, {"m", time.Millisecond}, {"S", time.Second}, {"M", time.Minute}, {"H", time.Hour},
}

func formatGRPC(left time.Duration) string {
	for _, u := range grpcUnits {
		if n := int64(left / u.unit); n <= 99_999_999 {
			return strconv.FormatInt(n, 10) + u.name
		}
	}
	return "99999999H"
}

func parseGRPC(value string) (time.Duration, bool) {
	if value == "" {
		return 0, false
	}
	last := len(value) - 1
	n, ok := digits(value[:last], 8)
	if !ok {
		return 0, false
	}
	if value[last] == 'n' {
		return time.Duration(n), true
	}
	for _, u := range grpcUnits {
		if u.name == value[last:] {
			return within(n, u.unit), true
		}
	}
	return 0, false
}

// within multiplies, up to the longest duration.
func within(n int64, unit time.Duration) time.Duration {
	const longest = time.Duration(1<<63 - 1)
	if n > int64(longest/unit) {
		return longest
	}
	return time.Duration(n) * unit
}

// digits reads at most most digits, and nothing else.
func digits(s string, most int) (int64, bool) {
	if s == "" || len(s) > most || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
