package registry

import (
	"errors"
	"log/slog"
)

// A Secret is a reference to a secret, never the secret itself: {env: NAME} or
// {file: PATH}. It is resolved when the thing that needs it is built, by
// Env.Secret of package pipeline, and prints as *** everywhere.
type Secret struct {
	// Env names an environment variable.
	Env string `json:"env,omitempty"`
	// File is the path of a file; a newline at its end does not count.
	File string `json:"file,omitempty"`
}

// IsZero reports whether s refers to nothing.
func (s Secret) IsZero() bool { return s == Secret{} }

// Validate reports whether s refers to exactly one place.
func (s Secret) Validate() error {
	if (s.Env == "") == (s.File == "") {
		return errors.New("want either {env: NAME} or {file: PATH}")
	}
	return nil
}

// String returns ***: not even the place is worth a line of a log.
func (s Secret) String() string { return "***" }

// GoString returns ***.
func (s Secret) GoString() string { return "***" }

// LogValue returns ***.
func (s Secret) LogValue() slog.Value { return slog.StringValue("***") }
