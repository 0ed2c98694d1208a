// Package clienttest runs tests on either of the clients that speak with
// backends. Tests hand each upstream through [Of] that they do not give a
// client; a second run with the variable set,
//
//	GATEWAY_TEST_CLIENT=net_http go test ./...
//
// holds the other one to the same behaviour.
package clienttest

import (
	"os"

	"github.com/seed-f9645bd3/gateway/registry"
)

// Variable names the client of this run; empty leaves the default.
const Variable = "GATEWAY_TEST_CLIENT"

// Of returns the upstream with the client of this run, where it names none.
func Of(u registry.Upstream) registry.Upstream {
	if u.Connections.Client == "" {
		u.Connections.Client = os.Getenv(Variable)
	}
	return u
}

// All does so for the upstreams of a snapshot, in place, and returns it.
func All(s *registry.Snapshot) *registry.Snapshot {
	for i, u := range s.Upstreams {
		s.Upstreams[i] = Of(u)
	}
	return s
}
