package subscription_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/authz/subscription"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// directory holds one subscription.
type directory struct {
	is  *registry.Subscription
	err error
}

func (d directory) Subscription(_ context.Context, consumer, api, environment string) (*registry.Subscription, error) {
	switch {
	case d.err != nil:
		return nil, d.err
	case d.is == nil:
		return nil, nil // a directory that breaks its contract
	case d.is.Consumer != consumer || d.is.API != api || d.is.Environment != environment:
		return nil, registry.ErrUnknown
	}
	return d.is, nil
}

func (d directory) Credential(context.Context, [32]byte) (*registry.Credential, error) {
	return nil, registry.ErrUnknown
}

// subscribed returns what acme has subscribed to, altered by f.
func subscribed(f func(s *registry.Subscription)) *registry.Subscription {
	s := &registry.Subscription{
		ID: "sub-1", Consumer: "acme", API: "orders/v1", Environment: "production",
		Scopes: []string{"read", "write"}, Active: true,
	}
	if f != nil {
		f(s)
	}
	return s
}

func exchange() *pipeline.Exchange {
	return &pipeline.Exchange{
		In: httptest.NewRequest(http.MethodGet, "/", nil), Environment: "production",
		Identity: &pipeline.Identity{Subject: "k1", Consumer: "acme"},
		Client:   netip.MustParseAddr("192.0.2.7"),
	}
}

// build makes the stage of a policy as a gateway does.
func build(t testing.TB, d registry.Directory, route *registry.Route, c subscription.Config) (pipeline.Stage, error) {
	t.Helper()
	kinds, err := pipeline.NewKinds(subscription.Kind())
	require.NoError(t, err)
	p := subscription.Policy(c)
	env := pipeline.NewScope(pipeline.NewPool(), slog.New(slog.DiscardHandler)).
		Env(pipeline.Workshop{Kinds: kinds, Directory: d}, route, p.String())
	stages, err := pipeline.Make[[]pipeline.Stage](env, p)
	if err != nil {
		return pipeline.Stage{}, err
	}
	require.Len(t, stages, 1)
	return stages[0], nil
}

var orders = &registry.Route{Name: "get-order", API: "orders/v1"}

func last(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
	return pipeline.Respond(x, http.StatusOK, "", nil), nil
}

func TestStage(t *testing.T) {
	t.Parallel()
	past, future := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	nets := func(s ...string) func(*registry.Subscription) {
		return func(sub *registry.Subscription) {
			for _, n := range s {
				sub.AllowIPs = append(sub.AllowIPs, netip.MustParsePrefix(n))
			}
		}
	}
	denied := func(s ...string) func(*registry.Subscription) {
		return func(sub *registry.Subscription) {
			for _, n := range s {
				sub.DenyIPs = append(sub.DenyIPs, netip.MustParsePrefix(n))
			}
		}
	}
	from := func(client string) func(*pipeline.Exchange) {
		return func(x *pipeline.Exchange) { x.Client = netip.MustParseAddr(client) }
	}
	tests := []struct {
		name      string
		directory directory
		alter     func(x *pipeline.Exchange)
		status    int
		code      string
	}{
		{"passes who has subscribed", directory{is: subscribed(nil)}, nil, 0, ""},
		{"passes until the end", directory{is: subscribed(func(s *registry.Subscription) { s.NotAfter = future })}, nil, 0, ""},
		{"passes from an allowed network", directory{is: subscribed(nets("10.0.0.0/8", "192.0.2.0/24"))}, nil, 0, ""},
		{"passes an IPv4 address mapped into IPv6", directory{is: subscribed(nets("192.0.2.0/24"))}, from("::ffff:192.0.2.7"), 0, ""},
		{"refuses nobody", directory{is: subscribed(nil)}, func(x *pipeline.Exchange) { x.Identity = nil }, 403, subscription.CodeIdentityMissing},
		{"refuses somebody without a consumer", directory{is: subscribed(nil)}, func(x *pipeline.Exchange) { x.Identity = &pipeline.Identity{Subject: "k1"} }, 403, subscription.CodeIdentityMissing},
		{"refuses another consumer", directory{is: subscribed(nil)}, func(x *pipeline.Exchange) { x.Identity = &pipeline.Identity{Consumer: "umbrella"} }, 403, subscription.CodeMissing},
		{"refuses in another environment", directory{is: subscribed(nil)}, func(x *pipeline.Exchange) { x.Environment = "test" }, 403, subscription.CodeMissing},
		{"refuses a subscription that is not active", directory{is: subscribed(func(s *registry.Subscription) { s.Active = false })}, nil, 403, subscription.CodeInactive},
		{"refuses a subscription that has ended", directory{is: subscribed(func(s *registry.Subscription) { s.NotAfter = past })}, nil, 403, subscription.CodeExpired},
		{"refuses from another network", directory{is: subscribed(nets("10.0.0.0/8"))}, nil, 403, subscription.CodeAddressNotAllowed},
		{"refuses an address that is not known", directory{is: subscribed(nets("0.0.0.0/0", "::/0"))}, func(x *pipeline.Exchange) { x.Client = netip.Addr{} }, 403, subscription.CodeAddressNotAllowed},
		{"passes from a network that is not denied", directory{is: subscribed(denied("10.0.0.0/8"))}, nil, 0, ""},
		{"refuses from a denied network", directory{is: subscribed(denied("10.0.0.0/8", "192.0.2.0/28"))}, nil, 403, subscription.CodeAddressNotAllowed},
		{"refuses what is denied, though it is allowed", directory{is: subscribed(func(s *registry.Subscription) {
			nets("192.0.0.0/8")(s)
			denied("192.0.2.0/24")(s)
		})}, nil, 403, subscription.CodeAddressNotAllowed},
		{"refuses a denied address mapped into IPv6", directory{is: subscribed(denied("192.0.2.0/24"))}, from("::ffff:192.0.2.7"), 403, subscription.CodeAddressNotAllowed},
		{"refuses from a denied network written mapped into IPv6", directory{is: subscribed(denied("::ffff:192.0.2.0/120"))}, nil, 403, subscription.CodeAddressNotAllowed},
		{"refuses an address that is not known where some are denied", directory{is: subscribed(denied("10.0.0.0/8"))}, func(x *pipeline.Exchange) { x.Client = netip.Addr{} }, 403, subscription.CodeAddressNotAllowed},
		{"refuses where the directory fails", directory{err: errors.New("away")}, nil, 503, subscription.CodeDirectoryUnavailable},
		{"refuses where the directory says nothing", directory{}, nil, 503, subscription.CodeDirectoryUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := exchange()
			if tt.alter != nil {
				tt.alter(x)
			}
			stage, err := build(t, tt.directory, orders, subscription.Config{})
			require.NoError(t, err)
			_, err = pipeline.Chain(last, stage)(t.Context(), x)
			require.Len(t, x.Decisions(), 1)
			if tt.status == 0 {
				require.NoError(t, err)
				require.Same(t, tt.directory.is, x.Subscription)
				require.Equal(t, pipeline.Decision{Stage: "subscription", Rule: "orders/v1", Verdict: pipeline.Pass}, x.Decisions()[0])
				return
			}
			var p *pipeline.Problem
			require.ErrorAs(t, err, &p)
			require.Equal(t, tt.status, p.Status)
			require.Equal(t, tt.code, p.Code)
			require.Equal(t, tt.code, x.Decisions()[0].Code)
			require.Nil(t, x.Subscription)
			require.Nil(t, x.Grant)
		})
	}
}

func TestTheGrant(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		held []string
		want []string
	}{
		{"is what is subscribed to, for who has no scopes", nil, []string{"read", "write"}},
		{"is nothing for whom a token says that they have none", []string{}, []string{}},
		{"is what the caller holds of it", []string{"write", "admin"}, []string{"write"}},
		{"is what the caller holds, where all of it is subscribed to", []string{"write"}, []string{"write"}},
		{"is what is subscribed to, where the caller holds more", []string{"write", "read", "admin"}, []string{"read", "write"}},
		{"is nothing where nothing is in common", []string{"admin"}, []string{}},
	}
	stage, err := build(t, directory{is: subscribed(nil)}, orders, subscription.Config{})
	require.NoError(t, err)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := exchange()
			x.Identity = &pipeline.Identity{Consumer: "acme", Scopes: tt.held}
			_, err := stage.Wrap(last)(t.Context(), x)
			require.NoError(t, err)
			require.Equal(t, &pipeline.Grant{Scopes: tt.want}, x.Grant)
		})
	}
}

func TestHideAnswersAsIfThereWereNoRoute(t *testing.T) {
	t.Parallel()
	stage, err := build(t, directory{err: registry.ErrUnknown}, orders, subscription.Config{Hide: true})
	require.NoError(t, err)
	x := exchange()
	_, err = stage.Wrap(last)(t.Context(), x)
	var p *pipeline.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, 404, p.Status)
	require.Equal(t, pipeline.CodeRouteUnknown, p.Code)
	require.Equal(t, subscription.CodeMissing, x.Decisions()[0].Code)
}

func TestTheAPIOfTheSettingsComesFirst(t *testing.T) {
	t.Parallel()
	d := directory{is: subscribed(func(s *registry.Subscription) { s.API = "suite/v1" })}
	stage, err := build(t, d, orders, subscription.Config{API: "suite/v1"})
	require.NoError(t, err)
	_, err = stage.Wrap(last)(t.Context(), exchange())
	require.NoError(t, err)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	_, err := build(t, directory{}, &registry.Route{Name: "loose"}, subscription.Config{})
	require.ErrorContains(t, err, "/api")
	_, err = build(t, nil, orders, subscription.Config{})
	require.ErrorContains(t, err, "directory")
}

// stage of the benchmark and of the test of its allocations.
func passing(t testing.TB, held []string) (pipeline.Handler, *pipeline.Exchange) {
	t.Helper()
	d := directory{is: subscribed(func(s *registry.Subscription) {
		s.AllowIPs = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		s.NotAfter = time.Now().Add(time.Hour)
	})}
	a, err := subscription.New(d, subscription.Config{API: "orders/v1"})
	require.NoError(t, err)
	x := exchange()
	x.Identity = &pipeline.Identity{Consumer: "acme", Scopes: held}
	end := func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, nil }
	return authz.Stage("subscription", a).Wrap(end), x
}

func BenchmarkStage(b *testing.B) {
	for name, held := range map[string][]string{"without scopes": nil, "with scopes": {"read", "admin"}} {
		b.Run(name, func(b *testing.B) {
			h, before := passing(b, held)
			x := &pipeline.Exchange{}
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				*x = pipeline.Exchange{In: before.In, Environment: before.Environment, Identity: before.Identity, Client: before.Client}
				if _, err := h(ctx, x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
