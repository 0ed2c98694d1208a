package registry

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Rate is so many per period, written "100/s", "5000/minute", "20/10s".
type Rate struct {
	Count int64
	Per   time.Duration
}

// IsZero reports whether r says nothing.
func (r Rate) IsZero() bool { return r == Rate{} }

// String returns r as it is written, with the short unit where there is one.
func (r Rate) String() string {
	if r.IsZero() {
		return ""
	}
	unit := r.Per.String()
	switch r.Per {
	case time.Second:
		unit = "s"
	case time.Minute:
		unit = "minute"
	case time.Hour:
		unit = "hour"
	case 24 * time.Hour:
		unit = "day"
	}
	return strconv.FormatInt(r.Count, 10) + "/" + unit
}

// MarshalText implements encoding.TextMarshaler.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Rate) UnmarshalText(text []byte) error {
	count, unit, found := strings.Cut(string(text), "/")
	n, err := strconv.ParseInt(count, 10, 64)
	per, ok := period(unit)
	if !found || err != nil || n <= 0 || !ok {
		return fmt.Errorf("want a rate such as 100/s, 5000/minute or 20/10s, not %q", text)
	}
	*r = Rate{Count: n, Per: per}
	return nil
}

func period(unit string) (time.Duration, bool) {
	switch unit {
	case "s", "second":
		return time.Second, true
	case "m", "min", "minute":
		return time.Minute, true
	case "h", "hour":
		return time.Hour, true
	case "d", "day":
		return 24 * time.Hour, true
	}
	d, err := time.ParseDuration(unit)
	return d, err == nil && d > 0
}
