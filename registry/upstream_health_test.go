package registry_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
)

func TestHealthAsDocumentsWriteIt(t *testing.T) {
	t.Parallel()
	var u registry.Upstream
	require.NoError(t, registry.Decode([]byte(`{"name": "users", "health": {
		"active": {"http": {"path": "/healthz?full=1", "expect": [200, 204], "host": "users.test:8080"},
			"interval": "5s", "timeout": "1s", "unhealthy_after": 3, "healthy_after": 2, "initial": "unhealthy"},
		"passive": {"consecutive_failures": 5, "eject_for": "30s", "max_eject_for": "5m", "max_ejected": 0.5}}}`), &u))
	require.Equal(t, registry.Health{
		Active: &registry.ActiveHealth{
			HTTP:     &registry.HTTPProbe{Path: "/healthz?full=1", Expect: []int{200, 204}, Host: "users.test:8080"},
			Interval: registry.Duration(5 * time.Second), Timeout: registry.Duration(time.Second),
			UnhealthyAfter: 3, HealthyAfter: 2, Initial: "unhealthy",
		},
		Passive: &registry.PassiveHealth{
			ConsecutiveFailures: 5, EjectFor: registry.Duration(30 * time.Second),
			MaxEjectFor: registry.Duration(5 * time.Minute), MaxEjected: 0.5,
		},
	}, u.Health)
	u = registry.Upstream{}
	require.NoError(t, registry.Decode([]byte(`{"health": {"active": {"tcp": {}}, "passive": {}}}`), &u))
	require.Equal(t, registry.Health{Active: &registry.ActiveHealth{TCP: &registry.TCPProbe{}}, Passive: &registry.PassiveHealth{}}, u.Health)
	u = registry.Upstream{}
	err := registry.Decode([]byte(`{"health": {"active": {"http": {"path": "healthz"}}}}`), &u)
	require.Equal(t, []string{"/health/active/http/path"}, fieldsOf(err))
}

func fieldsOf(err error) (fields []string) {
	for _, f := range registry.AsFaults(err) {
		fields = append(fields, f.Field)
	}
	return fields
}

func TestFaultsOfHealth(t *testing.T) {
	t.Parallel()
	http := func(p registry.HTTPProbe) registry.Health {
		return registry.Health{Active: &registry.ActiveHealth{HTTP: &p}}
	}
	tcp := func(a registry.ActiveHealth) registry.Health {
		a.TCP = &registry.TCPProbe{}
		return registry.Health{Active: &a}
	}
	passive := func(p registry.PassiveHealth) registry.Health { return registry.Health{Passive: &p} }
	for _, c := range []struct {
		name   string
		health registry.Health
		want   []string
	}{
		{"no probe", registry.Health{Active: &registry.ActiveHealth{}}, []string{"/active"}},
		{"two probes", tcp(registry.ActiveHealth{HTTP: &registry.HTTPProbe{}}), []string{"/active"}},
		{"a path that does not begin at the root", http(registry.HTTPProbe{Path: "healthz"}), []string{"/active/http/path"}},
		{"a URL for a path", http(registry.HTTPProbe{Path: "http://a/healthz"}), []string{"/active/http/path"}},
		{"another host for a path", http(registry.HTTPProbe{Path: "//a/healthz"}), []string{"/active/http/path"}},
		{"a path with a fragment", http(registry.HTTPProbe{Path: "/a#b"}), []string{"/active/http/path"}},
		{"a path with a space", http(registry.HTTPProbe{Path: "/a b"}), []string{"/active/http/path"}},
		{"a path with a broken escape", http(registry.HTTPProbe{Path: "/%zz"}), []string{"/active/http/path"}},
		{"a line break in a path", http(registry.HTTPProbe{Path: "/a\r\nX: y"}), []string{"/active/http/path"}},
		{"statuses that are none", http(registry.HTTPProbe{Expect: []int{200, 99, 600}}), []string{"/active/http/expect/1", "/active/http/expect/2"}},
		{"a host that is none", http(registry.HTTPProbe{Host: "a/b"}), []string{"/active/http/host"}},
		{"an interval that is a flood", tcp(registry.ActiveHealth{Interval: 5}), []string{"/active/interval"}},
		{"a negative interval", tcp(registry.ActiveHealth{Interval: -1}), []string{"/active/interval"}},
		{"a timeout beyond the interval", tcp(registry.ActiveHealth{Timeout: registry.Duration(6 * time.Second)}), []string{"/active/timeout"}},
		{"negative numbers", tcp(registry.ActiveHealth{Timeout: -1, UnhealthyAfter: -1, HealthyAfter: -1}),
			[]string{"/active/timeout", "/active/unhealthy_after", "/active/healthy_after"}},
		{"an unknown word", tcp(registry.ActiveHealth{Initial: "down"}), []string{"/active/initial"}},
		{"all of passive", passive(registry.PassiveHealth{ConsecutiveFailures: -1, EjectFor: -1, MaxEjected: 1.1}),
			[]string{"/passive/consecutive_failures", "/passive/eject_for", "/passive/max_ejected"}},
		{"a bound below what it bounds", passive(registry.PassiveHealth{MaxEjectFor: registry.Duration(29 * time.Second)}), []string{"/passive/max_eject_for"}},
		{"a negative share", passive(registry.PassiveHealth{MaxEjected: -0.1}), []string{"/passive/max_ejected"}},
		{"a share that is no number", passive(registry.PassiveHealth{MaxEjected: math.NaN()}), []string{"/passive/max_ejected"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, fieldsOf(c.health.Validate()))
		})
	}
}

func TestASnapshotIsHeldToItsHealth(t *testing.T) {
	t.Parallel()
	u := upstream("users")
	u.Health = registry.Health{Active: &registry.ActiveHealth{}, Passive: &registry.PassiveHealth{MaxEjected: 2}}
	err := registry.Validate(&registry.Snapshot{Version: "1", Upstreams: []registry.Upstream{u}})
	require.Equal(t, []string{"/health/active", "/health/passive/max_ejected"}, fieldsOf(err))
	require.Equal(t, "users", registry.AsFaults(err)[0].Upstream)
}
