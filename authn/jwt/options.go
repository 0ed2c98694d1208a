package jwt

import (
	"net/http"
	"time"
)

// An Option is what a program brings, and a configuration cannot.
type Option func(*options)

type options struct {
	transport http.RoundTripper
	now       func() time.Time
}

// Transport has key sets fetched through rt, in place of a transport that dials
// public addresses only: a proxy, or a client certificate. Which addresses it
// dials is its own affair.
func Transport(rt http.RoundTripper) Option { return func(o *options) { o.transport = rt } }

// Now has tokens and keys judged by the clock of now; time.Now otherwise.
func Now(now func() time.Time) Option { return func(o *options) { o.now = now } }

func collect(opts []Option) options {
	o := options{now: time.Now}
	for _, set := range opts {
		set(&o)
	}
	return o
}
