package redislimit

import (
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Config holds the settings of the kind "redis" of limiters.
type Config struct {
	// Timeout is how long a decision waits for Redis; 0 means 50ms. Beyond it
	// the limit's on_error says what happens.
	Timeout registry.Duration `json:"timeout,omitempty"`
	// Probe is how often Redis is tried while it does not answer; 0 means 100ms.
	Probe registry.Duration `json:"probe,omitempty"`
	// Prefix is what the keys in Redis begin with; "gateway:" without it.
	// Gateways with the same prefix on one Redis count together.
	Prefix string `json:"prefix,omitempty"`
}

const (
	maxTimeout = 10 * time.Second
	maxPrefix  = 64
)

// Validate reports every fault of the settings.
func (c Config) Validate() error {
	var faults registry.Faults
	if c.Timeout.Std() > maxTimeout {
		faults.Add("/timeout", "want %v at most", maxTimeout)
	}
	if c.Probe != 0 && c.Probe.Std() < time.Millisecond {
		faults.Add("/probe", "want 1ms or more, or nothing for %v", defaultPause)
	}
	if len(c.Prefix) > maxPrefix || cleanPrefix(c.Prefix) != c.Prefix {
		faults.Add("/prefix", "want at most %d bytes, without braces", maxPrefix)
	}
	return faults.Err()
}

func (c Config) options(env *pipeline.Env) []Option {
	opts := []Option{Timeout(c.Timeout.Std()), Probe(c.Probe.Std()), Log(env.Logger())}
	if c.Prefix != "" {
		opts = append(opts, Prefix(c.Prefix))
	}
	return opts
}
