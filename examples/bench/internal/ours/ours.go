// Package ours holds the contenders that are the gateway itself, with its own
// servers.
package ours

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/authn/jwt"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/authz/ipset"
	"github.com/seed-f9645bd3/gateway/authz/scope"
	"github.com/seed-f9645bd3/gateway/authz/subscription"
	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/control"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
	"github.com/seed-f9645bd3/gateway/standard"
	"github.com/seed-f9645bd3/gateway/transform/header"
	"github.com/seed-f9645bd3/gateway/transform/mask"
)

const (
	environment = "production"
	api         = "items/v1"
	plan        = "gold"
	secret      = "BENCH_API_KEY_SECRET"
)

// A Form says which of the gateways it is.
type Form struct {
	Full   bool   // every policy, and a directory of subscriptions
	Client string // the upstream client; empty is the default
}

// Serve serves the gateway at both addresses and answers the driver.
func (f Form) Serve(p control.Place) error {
	options := []gateway.Option{
		standard.Kinds(), gateway.Listen(p.H1), gateway.ListenWith(p.H2C, listen.Config{Limits: listen.Limits{H2C: true}}),
	}
	if f.Full {
		discarded, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		options = append(options, gateway.Recorders(accesslog.New(accesslog.Writer(discarded)), metrics.New()))
	}
	g, err := gateway.New(options...)
	if err != nil {
		return err
	}
	if err := g.Apply(context.Background(), f.update(p)); err != nil {
		return err
	}
	return serve(g)
}

// serve runs the gateway for as long as the driver wants it.
func serve(g *gateway.Gateway) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	for len(g.Addrs()) < 2 {
		select {
		case err := <-ended:
			return err
		case <-time.After(time.Millisecond):
		}
	}
	return control.Contend()
}

func (f Form) update(p control.Place) registry.Update {
	upstream := registry.Upstream{
		Name: "items", Endpoints: []registry.Endpoint{{URL: "http://" + p.Backend}},
		Connections: registry.Connections{Client: f.Client},
	}
	s := &registry.Snapshot{Version: "1", Environment: environment, Upstreams: []registry.Upstream{upstream}}
	policies, routes := []registry.Policy{authz.PublicPolicy()}, traffic.Routes
	if f.Full {
		policies, routes = chain(p), traffic.FullRoutes
	}
	for i := range routes {
		s.Routes = append(s.Routes, registry.Route{
			Name: fmt.Sprintf("svc-%04d", i), API: api, Upstream: upstream.Name, Policies: policies,
			Match: registry.Match{Methods: []string{"GET", "POST"}, Path: fmt.Sprintf("/svc-%04d/{kind}/{id}", i)},
		})
	}
	u := registry.Update{Snapshot: s}
	if f.Full {
		u.Directory = directory()
	}
	return u
}

// chain returns every policy that a route of a paid API is likely to have.
func chain(p control.Place) []registry.Policy {
	return []registry.Policy{
		authn.Policy(authn.Config{AnyOf: []registry.Policy{
			jwt.Policy(jwt.Config{Issuer: traffic.Issuer, Audience: traffic.Audience, JWKSFile: traffic.KeySet(p.Dir)}),
			apikey.Policy(apikey.Config{Secret: registry.Secret{Env: secret}}),
		}}),
		subscription.Policy(subscription.Config{}),
		scope.Policy(scope.Config{All: []string{traffic.Scope}}),
		ipset.Policy(ipset.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
		ratelimit.Policy(ratelimit.Config{}),
		cache.Policy(cache.Config{TTL: registry.Duration(30 * time.Second)}),
		header.Policy(header.Config{
			Request:  header.Edits{Set: map[string]string{"X-Consumer": "{identity.consumer}", "X-Plan": "{subscription.plan}"}},
			Response: header.Edits{Remove: []string{"X-Runtime"}},
		}),
		mask.Policy(mask.Config{Fields: []string{"ssn"}, UnlessScope: "pii.read", OtherTypes: "pass"}),
		resilience.BreakerPolicy(resilience.BreakerConfig{ErrorRatio: 0.5, MinRequests: 20}),
		resilience.RetryPolicy(resilience.RetryConfig{Attempts: 2}),
		resilience.TimeoutPolicy(resilience.TimeoutConfig{Total: registry.Duration(10 * time.Second)}),
	}
}

// directory returns the plan and the subscriptions, each with an API key.
func directory() []registry.Change {
	all := []registry.Change{{Plan: &registry.Plan{
		Name: plan, Limits: []registry.Limit{{Rate: registry.Rate{Count: 1e9, Per: time.Second}}},
	}}}
	key := []byte(os.Getenv(secret))
	for i := range traffic.Subscriptions {
		consumer := traffic.Consumer(i)
		all = append(all,
			registry.Change{Subscription: &registry.Subscription{
				ID: "sub-" + consumer, Consumer: consumer, API: api, Environment: environment,
				Plan: &registry.Plan{Name: plan}, Scopes: []string{traffic.Scope}, Active: true,
			}},
			registry.Change{
				Credential: &registry.Credential{ID: "key-" + consumer, Consumer: consumer},
				Sum:        apikey.Sum(key, []byte("key-of-"+consumer)),
			})
	}
	return all
}

// SetSecret gives this process the secret that API keys are hashed with.
func SetSecret() error { return os.Setenv(secret, "0123456789abcdef0123456789abcdef") }
