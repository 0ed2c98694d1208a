package ratelimit

import (
	"strconv"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// rules are the limits of one policy or one plan, with the fields that can be
// written beforehand. They are shared and never altered.
type rules struct {
	rates    []Rate
	shares   []Rate     // of each, for one instance alone
	names    []string   // of each, for decisions and fields
	capacity [][]string // X-RateLimit-Limit of each
	policy   []string   // RateLimit-Policy
	mark     string     // tells buckets of different limits apart, where the key does not
}

// A naming is how a policy tells of its limits: its own name within its kind,
// and what it counts; both may be empty. share is the part of each limit that an
// instance lets pass while it counts alone.
type naming struct {
	own, unit string
	share     float64
}

// newRules prepares the limits of a policy.
func newRules(as naming, limits []registry.Limit) *rules {
	r := &rules{}
	var items []string
	for _, l := range limits {
		rate := Rate{Limit: l.Rate.Count, Per: l.Rate.Per, Burst: l.Burst}
		if rate.Burst == 0 {
			rate.Burst = rate.Limit
		}
		name := ruleName(as.own, l.Rate)
		r.rates = append(r.rates, rate)
		r.shares = append(r.shares, shareOf(rate, as.share))
		r.names = append(r.names, name)
		r.capacity = append(r.capacity, []string{strconv.FormatInt(rate.Burst, 10)})
		items = append(items, policyItem(name, as.unit, rate))
	}
	r.policy = []string{strings.Join(items, ", ")}
	return r
}

// ruleName names a limit as it is written, after the policy's own name: it is
// put into a string of a structured field (RFC 9651 section 3.3.3).
func ruleName(own string, rate registry.Rate) string {
	name := rate.String()
	if own != "" {
		name = own + ":" + name
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return '_'
		}
		return c
	}, name)
}

// policyItem writes one member of RateLimit-Policy. Its window is in whole
// seconds, and left out where the period is not; its unit is left out where it
// is the one of the draft, requests.
func policyItem(name, unit string, rate Rate) string {
	item := `"` + name + `";q=` + strconv.FormatInt(rate.Limit, 10)
	if unit != "" {
		item += `;qu="` + unit + `"`
	}
	if rate.Per%time.Second == 0 {
		item += ";w=" + strconv.FormatInt(int64(rate.Per/time.Second), 10)
	}
	return item
}
