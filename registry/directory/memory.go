package directory

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A Memory is a registry.Directory in process. Its zero value is empty and
// ready. Lookups take no lock and allocate nothing; any number of goroutines
// may look up while others apply changes, one at a time.
type Memory struct {
	index atomic.Pointer[index] // nil before the first change

	writing sync.Mutex
	plans   map[string]*plan // under writing
	size    Size             // under writing
}

// A plan is kept with the number of subscriptions that name it.
type plan struct {
	*registry.Plan
	users int
}

// A Size is how much a directory holds.
type Size struct{ Plans, Subscriptions, Credentials int }

var _ registry.Directory = (*Memory)(nil)

// New returns an empty Memory.
func New() *Memory { return &Memory{} }

// Subscription returns the subscription of a consumer for one version of an
// API in one environment, with its plan as it is now. It never waits.
func (m *Memory) Subscription(_ context.Context, consumer, api, environment string) (*registry.Subscription, error) {
	ix := m.index.Load()
	if ix == nil {
		return nil, registry.ErrUnknown
	}
	s := ix.subscription(ix.subscriptionHash(consumer, api, environment), consumer, api, environment)
	if s == nil {
		return nil, registry.ErrUnknown
	}
	return &s.Subscription, nil
}

// Credential returns the credential of this keyed hash. It never waits.
func (m *Memory) Credential(_ context.Context, sum [32]byte) (*registry.Credential, error) {
	ix := m.index.Load()
	if ix == nil {
		return nil, registry.ErrUnknown
	}
	c := ix.credential(ix.credentialHash(&sum), &sum)
	if c == nil {
		return nil, registry.ErrUnknown
	}
	return &c.Credential, nil
}

// Len returns how much the directory holds.
func (m *Memory) Len() Size {
	m.writing.Lock()
	defer m.writing.Unlock()
	return m.size
}
