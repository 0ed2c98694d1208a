package directory

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A batch is a list of changes on its way in.
type batch struct {
	m      *Memory
	index  *index
	faults registry.Faults

	plans         map[string]wanted[registry.Plan]
	subscriptions map[subscriptionKey]wanted[subscription]
	credentials   map[[32]byte]wanted[credential]

	texts    map[string]string // one copy of what many subscriptions have in common
	scopes   map[string][]string
	networks map[string][]netip.Prefix
	spelling []byte // of a list, while it is looked for

	uses map[string]int // how many more subscriptions name a plan

	unknown map[string]error // by the name of a plan
}

type subscriptionKey struct{ consumer, api, environment string }

// wanted is what an entry is to be once all changes are done: nil is removed.
type wanted[E any] struct {
	at    int // in the list of changes
	entry *E
}

func (m *Memory) begin() *batch {
	ix := m.index.Load()
	if ix == nil {
		ix = newIndex()
	}
	return &batch{
		m: m, index: ix,
		plans:         map[string]wanted[registry.Plan]{},
		subscriptions: map[subscriptionKey]wanted[subscription]{},
		credentials:   map[[32]byte]wanted[credential]{},
		texts:         map[string]string{},
		scopes:        map[string][]string{},
		networks:      map[string][]netip.Prefix{},
		uses:          map[string]int{},
		unknown:       map[string]error{},
	}
}

// fault notes what is wrong with the change at a place of the list.
func (b *batch) fault(at int, faults registry.Faults) {
	b.faults = append(b.faults, registry.AsFaults(registry.At("/"+strconv.Itoa(at), faults))...)
}

func (b *batch) add(c registry.Change, at int) {
	switch {
	case c.Plan != nil:
		w := wanted[registry.Plan]{at: at}
		if !c.Remove {
			w.entry = clonePlan(c.Plan)
		}
		b.plans[c.Plan.Name] = w
	case c.Subscription != nil:
		s := c.Subscription
		w := wanted[subscription]{at: at}
		if !c.Remove {
			w.entry = b.cloneSubscription(s)
			s = &w.entry.Subscription
		}
		b.subscriptions[subscriptionKey{s.Consumer, s.API, s.Environment}] = w
	case c.Credential != nil:
		w := wanted[credential]{at: at}
		if !c.Remove {
			w.entry = b.cloneCredential(c)
		}
		b.credentials[c.Sum] = w
	}
}

func clonePlan(p *registry.Plan) *registry.Plan {
	own := *p
	own.Limits = slices.Clone(p.Limits)
	own.Units = registry.Units{
		Bytes: slices.Clone(p.Units.Bytes), Events: slices.Clone(p.Units.Events), Tokens: slices.Clone(p.Units.Tokens),
	}
	return &own
}

// cloneSubscription copies all but the names that a table packs.
func (b *batch) cloneSubscription(s *registry.Subscription) *subscription {
	own := *s
	own.API, own.Environment = b.text(s.API), b.text(s.Environment)
	own.Scopes = b.scopeList(s.Scopes)
	own.AllowIPs, own.DenyIPs = b.networkList(s.AllowIPs), b.networkList(s.DenyIPs)
	return newSubscription(own)
}

// cloneCredential copies all but the names that a table packs.
func (b *batch) cloneCredential(c registry.Change) *credential {
	own := &credential{c.Sum, *c.Credential}
	own.Environment = b.text(own.Environment)
	return own
}

// text returns the one copy of s in this batch. A copy, or a name of a few
// bytes might keep the whole document that it was read from.
func (b *batch) text(s string) string {
	if known, ok := b.texts[s]; ok {
		return known
	}
	s = strings.Clone(s)
	b.texts[s] = s
	return s
}

// scopeList returns the one copy of a list in this batch; nil where it is empty.
func (b *batch) scopeList(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	b.spelling = b.spelling[:0]
	for _, s := range list {
		b.spelling = append(binary.AppendUvarint(b.spelling, uint64(len(s))), s...)
	}
	if known, ok := b.scopes[string(b.spelling)]; ok {
		return known
	}
	own := make([]string, len(list))
	for i, s := range list {
		own[i] = b.text(s)
	}
	b.scopes[string(b.spelling)] = own
	return own
}

// networkList returns the one copy of a list in this batch; nil where it is
// empty.
func (b *batch) networkList(list []netip.Prefix) []netip.Prefix {
	if len(list) == 0 {
		return nil
	}
	b.spelling = b.spelling[:0]
	for _, n := range list {
		b.spelling = append(n.AppendTo(b.spelling), ' ')
	}
	if known, ok := b.networks[string(b.spelling)]; ok {
		return known
	}
	own := slices.Clip(slices.Clone(list))
	b.networks[string(b.spelling)] = own
	return own
}
