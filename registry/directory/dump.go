package directory

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/seed-f9645bd3/gateway/registry"
)

// All returns the changes that make an empty directory what this one is now:
// plans first, then subscriptions, then credentials, each in the order of
// their keys, so that equal directories give equal lists. It is what is kept
// on disk as the last good state. The values are shared and never altered.
func (m *Memory) All() []registry.Change {
	m.writing.Lock()
	defer m.writing.Unlock()
	return slices.Concat(m.allPlans(), m.allSubscriptions(), m.allCredentials())
}

func (m *Memory) allPlans() []registry.Change {
	all := make([]registry.Change, 0, len(m.plans))
	for _, p := range m.plans {
		all = append(all, registry.Change{Plan: p.Plan})
	}
	slices.SortFunc(all, func(a, b registry.Change) int { return cmp.Compare(a.Plan.Name, b.Plan.Name) })
	return all
}

func (m *Memory) allSubscriptions() []registry.Change {
	all := make([]registry.Change, 0, m.size.Subscriptions)
	if ix := m.index.Load(); ix != nil {
		ix.subscriptions.each(func(s *subscription) {
			all = append(all, registry.Change{Subscription: &s.Subscription})
		})
	}
	slices.SortFunc(all, func(a, b registry.Change) int {
		x, y := a.Subscription, b.Subscription
		return cmp.Or(cmp.Compare(x.Consumer, y.Consumer), cmp.Compare(x.API, y.API), cmp.Compare(x.Environment, y.Environment))
	})
	return all
}

func (m *Memory) allCredentials() []registry.Change {
	all := make([]registry.Change, 0, m.size.Credentials)
	if ix := m.index.Load(); ix != nil {
		ix.credentials.each(func(c *credential) {
			all = append(all, registry.Change{Credential: &c.Credential, Sum: c.sum})
		})
	}
	slices.SortFunc(all, func(a, b registry.Change) int { return bytes.Compare(a.Sum[:], b.Sum[:]) })
	return all
}
