package ipset_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/authz/ipset"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		config string
		client string
		status int
		rule   string
	}{
		{"an address of an allowed network", `{"allow": ["10.0.0.0/8"]}`, "10.1.2.3", 200, "10.0.0.0/8"},
		{"an address of no allowed network", `{"allow": ["10.0.0.0/8"]}`, "192.0.2.7", 403, ""},
		{"an IPv4 address that comes mapped into IPv6", `{"allow": ["10.0.0.0/8"]}`, "::ffff:10.1.2.3", 200, "10.0.0.0/8"},
		{"a network that is written mapped into IPv6", `{"allow": ["::ffff:10.0.0.0/104"]}`, "10.1.2.3", 200, "10.0.0.0/8"},
		{"a mapped address does not slip past deny", `{"deny": ["10.0.0.0/8"]}`, "::ffff:10.1.2.3", 403, "10.0.0.0/8"},
		{"deny wins over allow", `{"allow": ["10.0.0.0/8"], "deny": ["10.1.0.0/16"]}`, "10.1.2.3", 403, "10.1.0.0/16"},
		{"what is not denied is allowed where allow is empty", `{"deny": ["10.1.0.0/16"]}`, "10.2.2.3", 200, ""},
		{"an IPv6 network", `{"allow": ["2001:db8::/32"]}`, "2001:db8::1", 200, "2001:db8::/32"},
		{"a zone does not count", `{"allow": ["fe80::/10"]}`, "fe80::1%eth0", 200, "fe80::/10"},
		{"bits behind the network do not count", `{"allow": ["10.9.9.9/8"]}`, "10.1.2.3", 200, "10.0.0.0/8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := gatewaytest.RunChain(t, gatewaytest.Build(t, ipset.Kind(), c.config),
				gatewaytest.NewExchange("GET", "/", gatewaytest.Client(c.client)))
			require.Equal(t, c.status, got.Status)
			require.Equal(t, c.rule, got.Decisions[0].Rule)
		})
	}
}

func TestAnUnknownAddressIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []ipset.Config{
		{Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}},
		{Deny: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
	} {
		a, err := ipset.New(c)
		require.NoError(t, err)
		answer, err := a.Authorize(t.Context(), &pipeline.Exchange{})
		require.NoError(t, err)
		require.False(t, answer.Allow)
		require.Equal(t, ipset.CodeNotAllowed, answer.Code)
	}
}

func TestSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for config, field := range map[string]string{
		`{}`:                         "",
		`{"allow": ["10.0.0.0/33"]}`: "/allow/0",
		`{"deny": ["somewhere"]}`:    "/deny/0",
	} {
		_, err := gatewaytest.TryBuild(t, ipset.Kind(), config)
		faults := registry.AsFaults(err)
		require.NotEmpty(t, faults, config)
		require.Equal(t, field, faults[0].Field, config)
	}
}

func TestStageKeepsTheContracts(t *testing.T) {
	t.Parallel()
	gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage {
		return gatewaytest.Build(t, ipset.Kind(), `{"allow": ["192.0.2.0/24"]}`)[0]
	}, gatewaytest.Client("192.0.2.7"))
}

func TestAuthorizerKeepsTheContract(t *testing.T) {
	t.Parallel()
	gatewaytest.TestAuthorizer(t, func(t testing.TB) authz.Authorizer {
		a, err := ipset.New(ipset.Config{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
		require.NoError(t, err)
		return a
	}, []gatewaytest.Option{gatewaytest.Client("192.0.2.7")}, []gatewaytest.Option{gatewaytest.Client("198.51.100.7")})
}

func ExampleNew() {
	a, err := ipset.New(ipset.Config{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := a.Authorize(context.Background(), gatewaytest.NewExchange("GET", "/", gatewaytest.Client("10.1.2.3")))
	fmt.Println(answer.Allow, answer.Rule, err)
	// Output: true 10.0.0.0/8 <nil>
}

func BenchmarkStage(b *testing.B) {
	stage := gatewaytest.Build(b, ipset.Kind(), `{"allow":["10.0.0.0/8","192.0.2.0/24"]}`)[0]
	h := stage.Wrap(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, nil })
	fresh, x := gatewaytest.NewExchange("GET", "/", gatewaytest.Client("192.0.2.7")), new(pipeline.Exchange)
	b.ReportAllocs()
	for b.Loop() {
		*x = pipeline.Exchange{In: fresh.In, Identity: fresh.Identity, Client: fresh.Client, Environment: fresh.Environment}
		if _, err := h(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
