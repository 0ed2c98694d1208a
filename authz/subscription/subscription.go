package subscription

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// New makes an authorizer that looks subscriptions up in directory. c.API is
// required.
func New(directory registry.Directory, c Config) (authz.Authorizer, error) {
	if directory == nil {
		return nil, errors.New("subscriptions need a directory")
	}
	if c.API == "" {
		return nil, registry.At("/api", errors.New("the route belongs to no API: want its name here"))
	}
	return &authorizer{config: c, directory: directory}, nil
}

type authorizer struct {
	config    Config
	directory registry.Directory
}

var errNothing = errors.New("the directory returned no subscription and no error")

// Authorize allows callers whose subscription holds, and sets x.Subscription.
func (a *authorizer) Authorize(ctx context.Context, x *pipeline.Exchange) (authz.Answer, error) {
	if x.Identity == nil || x.Identity.Consumer == "" {
		return a.deny(CodeIdentityMissing), nil
	}
	s, err := a.directory.Subscription(ctx, x.Identity.Consumer, a.config.API, x.Environment)
	switch {
	case errors.Is(err, registry.ErrUnknown):
		return a.deny(CodeMissing), nil
	case err != nil:
		return authz.Answer{}, unavailable(err)
	case s == nil:
		return authz.Answer{}, unavailable(errNothing)
	}
	if code := fault(s, x.Client); code != "" {
		return a.deny(code), nil
	}
	x.Subscription = s
	g := x.NewGrant()
	g.Scopes = allowed(s.Scopes, x.Identity.Scopes)
	return authz.Answer{Allow: true, Rule: a.config.API, Grant: g}, nil
}

func (a *authorizer) deny(code string) authz.Answer {
	return authz.Answer{Rule: a.config.API, Code: code, Hide: a.config.Hide}
}

// fault returns the code of what keeps s from being used from client now,
// empty where nothing does.
func fault(s *registry.Subscription, client netip.Addr) string {
	switch {
	case !s.Active:
		return CodeInactive
	case !s.NotAfter.IsZero() && !time.Now().Before(s.NotAfter):
		return CodeExpired
	case len(s.DenyIPs) > 0 && (!client.IsValid() || contained(s.DenyIPs, client)):
		return CodeAddressNotAllowed
	case len(s.AllowIPs) > 0 && !contained(s.AllowIPs, client):
		return CodeAddressNotAllowed
	}
	return ""
}

// contained reports whether a network holds the address. An IPv4 address that
// comes mapped into IPv6 counts as what it is, and so does a network that is
// written so; an unknown address is in none.
func contained(networks []netip.Prefix, client netip.Addr) bool {
	client = client.Unmap().WithZone("")
	for _, n := range networks {
		if n.Addr().Is4In6() && n.Bits() >= 96 {
			n = netip.PrefixFrom(n.Addr().Unmap(), n.Bits()-96)
		}
		if n.Contains(client) {
			return true
		}
	}
	return false
}

func unavailable(cause error) *pipeline.Problem {
	return pipeline.Refuse(http.StatusServiceUnavailable, CodeDirectoryUnavailable,
		"The subscription cannot be checked at present.").Because(cause)
}
