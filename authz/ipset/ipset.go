package ipset

import (
	"context"
	"net/netip"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// CodeNotAllowed is of callers whose address may not call: 403.
const CodeNotAllowed = "address_not_allowed"

// Config holds the settings of the kind "allow_ips". The address is the
// caller's under the trusted proxies of the gateway.
type Config struct {
	// Allow lists the networks that may call: "10.0.0.0/8", "192.0.2.7/32".
	// Empty allows every address that Deny does not hold.
	Allow []netip.Prefix `json:"allow,omitempty"`
	// Deny lists networks that may not call, whatever Allow says.
	Deny []netip.Prefix `json:"deny,omitempty"`
	// Hide answers 404, as if there were no such route, where it would answer
	// 403. Default false.
	Hide bool `json:"hide,omitempty"`
}

// Validate reports settings that name no network.
func (c Config) Validate() error {
	var faults registry.Faults
	if len(c.Allow) == 0 && len(c.Deny) == 0 {
		faults.Add("", "want networks in allow, in deny or in both")
	}
	return faults.Err()
}

// New makes the authorizer of c.
func New(c Config) (authz.Authorizer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return authorizer{allow: plain(c.Allow), deny: plain(c.Deny), hide: c.Hide}, nil
}

// A network is a prefix with the rule that decisions name it by.
type network struct {
	prefix netip.Prefix
	rule   string
}

// plain returns the networks with those of IPv4 addresses that are mapped into
// IPv6 as what they are.
func plain(prefixes []netip.Prefix) []network {
	networks := make([]network, len(prefixes))
	for i, p := range prefixes {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		networks[i] = network{p.Masked(), p.Masked().String()}
	}
	return networks
}

type authorizer struct {
	allow, deny []network
	hide        bool
}

// Authorize implements authz.Authorizer. The rule is the network that decided.
// A caller whose address is not known is allowed by no network, and denied
// where any is.
func (a authorizer) Authorize(_ context.Context, x *pipeline.Exchange) (authz.Answer, error) {
	client := x.Client.Unmap().WithZone("")
	if !client.IsValid() {
		return a.refuse(""), nil
	}
	if rule, found := find(a.deny, client); found {
		return a.refuse(rule), nil
	}
	if len(a.allow) == 0 {
		return authz.Answer{Allow: true}, nil
	}
	rule, found := find(a.allow, client)
	if !found {
		return a.refuse(""), nil
	}
	return authz.Answer{Allow: true, Rule: rule}, nil
}

func (a authorizer) refuse(rule string) authz.Answer {
	return authz.Answer{Rule: rule, Code: CodeNotAllowed, Hide: a.hide}
}

func find(networks []network, client netip.Addr) (rule string, found bool) {
	for _, n := range networks {
		if n.prefix.Contains(client) {
			return n.rule, true
		}
	}
	return "", false
}
