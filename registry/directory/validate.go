package directory

import (
	"fmt"
	"net/netip"

	"github.com/seed-f9645bd3/gateway/registry"
)

// validate returns what is wrong with a change by itself.
func validate(c registry.Change) registry.Faults {
	var faults registry.Faults
	named := 0
	if c.Plan != nil {
		named++
		validatePlan(c, "/plan", &faults)
	}
	if c.Subscription != nil {
		named++
		validateSubscription(c, "/subscription", &faults)
	}
	if c.Credential != nil {
		named++
		validateCredential(c, &faults)
	}
	if named != 1 {
		return registry.Faults{{Err: fmt.Errorf("want one plan, subscription or credential, not %d", named)}}
	}
	return faults
}

func validatePlan(c registry.Change, at string, faults *registry.Faults) {
	need(faults, at+"/name", c.Plan.Name)
	if c.Remove {
		return
	}
	switch c.Plan.Priority {
	case "", "critical", "normal", "low":
	default:
		faults.Add(at+"/priority", "plan %q: %w", c.Plan.Name,
			registry.Unknown("priority", c.Plan.Priority, []string{"critical", "normal", "low"}))
	}
	for i, l := range c.Plan.Limits {
		limit := fmt.Sprintf("%s/limits/%d", at, i)
		if l.Rate.Count <= 0 || l.Rate.Per <= 0 {
			faults.Add(limit+"/rate", "plan %q: want a rate above zero", c.Plan.Name)
		}
		if l.Burst < 0 {
			faults.Add(limit+"/burst", "plan %q: want a burst of 0 or more, not %d", c.Plan.Name, l.Burst)
		}
	}
	for _, f := range c.Plan.UsageFaults() {
		faults.Add(at+f.Field, "plan %q: %w", c.Plan.Name, f.Err)
	}
}

func validateSubscription(c registry.Change, at string, faults *registry.Faults) {
	s := c.Subscription
	need(faults, at+"/consumer", s.Consumer)
	need(faults, at+"/api", s.API)
	need(faults, at+"/environment", s.Environment)
	if c.Remove {
		return
	}
	need(faults, at+"/id", s.ID)
	if s.Plan != nil {
		need(faults, at+"/plan/name", s.Plan.Name)
	}
	validateNetworks(at+"/allow_ips", s.ID, s.AllowIPs, faults)
	validateNetworks(at+"/deny_ips", s.ID, s.DenyIPs, faults)
}

func validateNetworks(at, id string, networks []netip.Prefix, faults *registry.Faults) {
	for i, n := range networks {
		if !n.IsValid() {
			faults.Add(fmt.Sprintf("%s/%d", at, i), "subscription %q: want a network such as 10.0.0.0/8", id)
		}
	}
}

func validateCredential(c registry.Change, faults *registry.Faults) {
	if c.Sum == ([32]byte{}) {
		faults.Add("/sum", "want the keyed hash of the credential")
	}
	if c.Remove {
		return
	}
	need(faults, "/credential/id", c.Credential.ID)
	need(faults, "/credential/consumer", c.Credential.Consumer)
}

func need(faults *registry.Faults, field, value string) {
	if value == "" {
		faults.Add(field, "want a value, found none")
	}
}
