package registry

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// directory returns the changes that set all plans, subscriptions and keys.
func (x *expander) directory() []Change {
	e := entries{expander: x, plans: map[string]*Plan{}, ids: map[string]bool{},
		rights: map[string]bool{}, keys: map[string]bool{}, sums: map[[32]byte]bool{}}
	for i := range x.doc.Plans {
		e.plan(&x.doc.Plans[i])
	}
	for i := range x.doc.Directory.Subscriptions {
		e.entry(&x.doc.Directory.Subscriptions[i])
	}
	return e.changes
}

// entries gathers the directory of a document.
type entries struct {
	*expander
	plans   map[string]*Plan
	ids     map[string]bool
	rights  map[string]bool // consumer, API and environment
	keys    map[string]bool
	sums    map[[32]byte]bool
	changes []Change
}

func (e *entries) plan(p *Plan) {
	if !validName(p.Name) {
		e.fault(p.Pos, "/name", "plan: %w", nameFault(p.Name))
	}
	if e.plans[p.Name] != nil {
		e.fault(p.Pos, "/name", "plan %q is given twice", p.Name)
	}
	if !oneOf(p.Priority, "", "critical", "normal", "low") {
		e.fault(p.Pos, "/priority", "plan %q: %w", p.Name, Unknown("priority", clip(p.Priority), []string{"critical", "normal", "low"}))
	}
	for i, l := range p.Limits {
		at := "/limits/" + strconv.Itoa(i)
		if l.Rate.Count <= 0 || l.Rate.Per <= 0 {
			e.fault(p.Pos, at+"/rate", "plan %q: want a rate such as 100/s", p.Name)
		}
		if l.Burst < 0 {
			e.fault(p.Pos, at+"/burst", "plan %q: want 0 or more, found %d", p.Name, l.Burst)
		}
	}
	for _, f := range p.UsageFaults() {
		e.fault(p.Pos, f.Field, "plan %q: %w", p.Name, f.Err)
	}
	plan := *p
	plan.Pos = Pos{}
	e.plans[p.Name] = &plan
	e.changes = append(e.changes, Change{Plan: &plan})
}

func (e *entries) entry(s *Entry) {
	if s.ID == "" {
		e.fault(s.Pos, "/id", "subscription: want an id")
	} else if e.ids[s.ID] {
		e.fault(s.Pos, "/id", "subscription %q is given twice", s.ID)
	}
	e.ids[s.ID] = true
	if s.Consumer == "" {
		e.fault(s.Pos, "/consumer", "subscription %q: want the name of a consumer", s.ID)
	}
	sub := &Subscription{
		ID: s.ID, Consumer: s.Consumer, API: s.API,
		Environment: first(s.Environment, e.doc.Environment),
		Plan:        e.planOf(s),
		Scopes:      s.Scopes,
		AllowIPs:    e.networks(s, "/allow_ips/", s.AllowIPs),
		DenyIPs:     e.networks(s, "/deny_ips/", s.DenyIPs),
		Active:      s.Active == nil || *s.Active,
		NotAfter:    e.time(s, "/not_after", s.NotAfter),
	}
	e.right(s, sub)
	e.changes = append(e.changes, Change{Subscription: sub})
	for i := range s.Keys {
		e.key(s, sub, i)
	}
}

// right checks that the API is known and that nobody else holds this right.
func (e *entries) right(s *Entry, sub *Subscription) {
	if !e.apis[sub.API] {
		e.fault(s.Pos, "/api", "subscription %q: %w", s.ID, Unknown("api", clip(sub.API), keys(e.apis)))
	}
	right := sub.Consumer + "\x00" + sub.API + "\x00" + sub.Environment
	if e.rights[right] {
		e.fault(s.Pos, "/consumer", "subscription %q: consumer %q has another subscription of %s in environment %q", s.ID, s.Consumer, sub.API, sub.Environment)
	}
	e.rights[right] = true
}

func (e *entries) planOf(s *Entry) *Plan {
	if s.Plan == "" {
		return nil
	}
	plan := e.plans[s.Plan]
	if plan == nil {
		e.fault(s.Pos, "/plan", "subscription %q: %w", s.ID, Unknown("plan", clip(s.Plan), keys(e.plans)))
	}
	return plan
}

func (e *entries) networks(s *Entry, field string, texts []string) []netip.Prefix {
	var out []netip.Prefix
	for i, text := range texts {
		network, err := parseNetwork(text)
		if err != nil {
			e.fault(s.Pos, field+strconv.Itoa(i), "subscription %q: %w", s.ID, err)
			continue
		}
		out = append(out, network)
	}
	return out
}

func (e *entries) time(s *Entry, field, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		e.fault(s.Pos, field, "subscription %q: want a time such as 2030-01-31T12:00:00Z, found %q", s.ID, clip(text))
	}
	return t
}

func (e *entries) key(s *Entry, sub *Subscription, i int) {
	k, at := &s.Keys[i], "/keys/"+strconv.Itoa(i)
	if k.ID == "" {
		e.fault(s.Pos, at+"/id", "subscription %q: want an id of the key", s.ID)
	} else if e.keys[k.ID] {
		e.fault(s.Pos, at+"/id", "subscription %q: key %q is given twice", s.ID, k.ID)
	}
	e.keys[k.ID] = true
	sum, err := parseHash(k.Hash)
	switch {
	case err != nil:
		e.fault(s.Pos, at+"/hash", "subscription %q: key %q: %w", s.ID, k.ID, err)
	case e.sums[sum]:
		e.fault(s.Pos, at+"/hash", "subscription %q: key %q: the same key is given twice", s.ID, k.ID)
	}
	e.sums[sum] = true
	e.changes = append(e.changes, Change{Sum: sum, Credential: &Credential{
		ID: k.ID, Consumer: s.Consumer, Environment: sub.Environment,
		NotAfter: e.time(s, at+"/not_after", k.NotAfter),
	}})
}

// hashScheme stands in front of the digits of a keyed hash.
const hashScheme = "hmac-sha256:"

// parseHash reads "hmac-sha256:" and 64 digits. A hash is not repeated in the
// error: it may be the key, in the wrong place.
func parseHash(text string) (sum [32]byte, err error) {
	digits, ok := strings.CutPrefix(text, hashScheme)
	raw, err := hex.DecodeString(digits)
	if !ok || err != nil || len(raw) != len(sum) {
		return sum, errors.New(`want "hmac-sha256:" and 64 hexadecimal digits`)
	}
	return [32]byte(raw), nil
}

// parseNetwork reads a network in CIDR form, or one address.
func parseNetwork(text string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p, nil
	}
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.Prefix{}, fmt.Errorf("want a network such as 10.0.0.0/8 or an address, found %q", clip(text))
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}
