package registry

import (
	"fmt"
	"time"
)

// A Duration is written as Go writes one: "1m30s".
type Duration time.Duration

// Std returns d as a time.Duration.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// Or returns d, or other where d is zero.
func (d Duration) Or(other time.Duration) time.Duration {
	if d == 0 {
		return other
	}
	return time.Duration(d)
}

// String returns d as Go writes it.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	std, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("want a duration such as 800ms or 1m30s, not %q", text)
	}
	if std < 0 {
		return fmt.Errorf("want a duration of 0 or more, not %q", text)
	}
	*d = Duration(std)
	return nil
}
