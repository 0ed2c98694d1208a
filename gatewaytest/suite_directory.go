package gatewaytest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/registry"
)

// TestDirectory holds a directory to the contract of registry.Directory. make
// returns one that has taken up the changes, in their order.
func TestDirectory(t *testing.T, make func(t testing.TB, changes []registry.Change) registry.Directory) {
	t.Helper()
	runChecks(t, directoryChecks(), directorySubject(make))
}

type directorySubject func(t testing.TB, changes []registry.Change) registry.Directory

func directoryChecks() []check[directorySubject] {
	return []check[directorySubject]{
		{"an empty directory knows nothing", directoryEmpty},
		{"a subscription is found by consumer, API and environment", directoryFinds},
		{"a subscription is there as it was set", directoryKeeps},
		{"a subscription bears its plan", directoryResolves},
		{"a plan that changes changes for its subscriptions", directoryPlanChanges},
		{"the last change of a subscription counts", directoryReplaces},
		{"a subscription that was removed is unknown", directoryRemoves},
		{"a credential is found by its sum", directoryCredential},
		{"a credential that was removed is unknown", directoryRevokes},
		{"names that run together are kept apart", directoryKeys},
		{"many may ask at once", directoryConcurrent},
	}
}

func subscription(consumer, api, environment, plan string) *registry.Subscription {
	s := &registry.Subscription{
		ID: consumer + "-" + api, Consumer: consumer, API: api, Environment: environment, Active: true,
	}
	if plan != "" {
		s.Plan = &registry.Plan{Name: plan}
	}
	return s
}

func setSubscription(s *registry.Subscription) registry.Change {
	return registry.Change{Subscription: s}
}

func setPlan(name, priority string) registry.Change {
	return registry.Change{Plan: &registry.Plan{
		Name: name, Priority: priority,
		Limits: []registry.Limit{{Rate: registry.Rate{Count: 100, Per: time.Second}, Burst: 200}},
		Units:  registry.Units{Tokens: []registry.Limit{{Rate: registry.Rate{Count: 1000, Per: time.Minute}}}}, InFlight: 4,
	}}
}

func ask(t testing.TB, d registry.Directory, consumer, api, environment string) *registry.Subscription {
	t.Helper()
	s, err := d.Subscription(t.Context(), consumer, api, environment)
	if err != nil || s == nil {
		t.Fatalf("subscription of %q to %q in %q: %v, %v", consumer, api, environment, s, err)
	}
	return s
}

func unknownSubscription(t testing.TB, d registry.Directory, consumer, api, environment string) {
	t.Helper()
	s, err := d.Subscription(t.Context(), consumer, api, environment)
	if !errors.Is(err, registry.ErrUnknown) || s != nil {
		t.Errorf("subscription of %q to %q in %q: want ErrUnknown alone, got %v, %v", consumer, api, environment, s, err)
	}
}

func unknownCredential(t testing.TB, d registry.Directory, sum [32]byte) {
	t.Helper()
	c, err := d.Credential(t.Context(), sum)
	if !errors.Is(err, registry.ErrUnknown) || c != nil {
		t.Errorf("credential %x: want ErrUnknown alone, got %v, %v", sum[:4], c, err)
	}
}

func directoryEmpty(t testing.TB, make directorySubject) {
	t.Helper()
	d := make(t, nil)
	unknownSubscription(t, d, "acme", "users/v2", "test")
	unknownSubscription(t, d, "", "", "")
	unknownCredential(t, d, [32]byte{})
	unknownCredential(t, d, [32]byte{1})
}

func directoryFinds(t testing.TB, make directorySubject) {
	t.Helper()
	d := make(t, []registry.Change{
		setSubscription(subscription("acme", "users/v2", "test", "")),
		setSubscription(subscription("acme", "users/v1", "test", "")),
		setSubscription(subscription("other", "users/v2", "production", "")),
	})
	if s := ask(t, d, "acme", "users/v2", "test"); s.Consumer != "acme" || s.API != "users/v2" || s.Environment != "test" {
		t.Errorf("got %+v", s)
	}
	if s := ask(t, d, "acme", "users/v1", "test"); s.API != "users/v1" {
		t.Errorf("got %+v", s)
	}
	unknownSubscription(t, d, "acme", "users/v2", "production")
	unknownSubscription(t, d, "other", "users/v2", "test")
	unknownSubscription(t, d, "acme", "users/v3", "test")
	unknownSubscription(t, d, "ACME", "users/v2", "test")
}

func directoryKeeps(t testing.TB, make directorySubject) {
	t.Helper()
	want := subscription("acme", "users/v2", "test", "")
	want.Scopes = []string{"users.read"}
	want.AllowIPs = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	want.DenyIPs = []netip.Prefix{netip.MustParsePrefix("10.66.0.0/16")}
	want.Active = false
	want.NotAfter = time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	got := ask(t, make(t, []registry.Change{setSubscription(want)}), "acme", "users/v2", "test")
	if got.ID != want.ID || got.Active || !got.NotAfter.Equal(want.NotAfter) ||
		!reflect.DeepEqual(got.Scopes, want.Scopes) || !reflect.DeepEqual(got.AllowIPs, want.AllowIPs) ||
		!reflect.DeepEqual(got.DenyIPs, want.DenyIPs) {
		t.Errorf("got %+v, not %+v: to judge it is the authorizer's", got, want)
	}
}

func directoryResolves(t testing.TB, make directorySubject) {
	t.Helper()
	d := make(t, []registry.Change{
		setPlan("gold", "critical"), setPlan("iron", "low"),
		setSubscription(subscription("acme", "users/v2", "test", "gold")),
	})
	got := ask(t, d, "acme", "users/v2", "test").Plan
	if got == nil || got.Name != "gold" || got.Priority != "critical" || len(got.Limits) != 1 || got.Limits[0].Burst != 200 ||
		len(got.Units.Tokens) != 1 || got.Units.Tokens[0].Rate.Count != 1000 || got.InFlight != 4 {
		t.Errorf("the plan is %+v", got)
	}
}

func directoryPlanChanges(t testing.TB, make directorySubject) {
	t.Helper()
	d := make(t, []registry.Change{
		setPlan("gold", "low"),
		setSubscription(subscription("acme", "users/v2", "test", "gold")),
		setPlan("gold", "critical"),
	})
	if got := ask(t, d, "acme", "users/v2", "test").Plan; got == nil || got.Priority != "critical" {
		t.Errorf("the plan is %+v", got)
	}
}

func directoryReplaces(t testing.TB, make directorySubject) {
	t.Helper()
	next := subscription("acme", "users/v2", "test", "")
	next.ID = "next"
	d := make(t, []registry.Change{
		setSubscription(subscription("acme", "users/v2", "test", "")), setSubscription(next),
	})
	if got := ask(t, d, "acme", "users/v2", "test"); got.ID != "next" {
		t.Errorf("got %+v", got)
	}
}

func directoryRemoves(t testing.TB, make directorySubject) {
	t.Helper()
	gone := subscription("acme", "users/v2", "test", "")
	d := make(t, []registry.Change{
		setSubscription(gone), setSubscription(subscription("acme", "users/v1", "test", "")),
		{Subscription: &registry.Subscription{Consumer: "acme", API: "users/v2", Environment: "test"}, Remove: true},
	})
	unknownSubscription(t, d, "acme", "users/v2", "test")
	ask(t, d, "acme", "users/v1", "test")
}

func directoryCredential(t testing.TB, make directorySubject) {
	t.Helper()
	want := &registry.Credential{
		ID: "k1", Consumer: "acme", Environment: "test", NotAfter: time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC),
	}
	d := make(t, []registry.Change{
		{Credential: want, Sum: [32]byte{1}},
		{Credential: &registry.Credential{ID: "k2", Consumer: "other"}, Sum: [32]byte{2}},
	})
	got, err := d.Credential(t.Context(), [32]byte{1})
	if err != nil || got == nil || got.ID != want.ID || got.Consumer != want.Consumer ||
		got.Environment != want.Environment || !got.NotAfter.Equal(want.NotAfter) {
		t.Errorf("got %+v, %v, not %+v", got, err, want)
	}
	unknownCredential(t, d, [32]byte{3})
	unknownCredential(t, d, [32]byte{31: 1})
}

func directoryRevokes(t testing.TB, make directorySubject) {
	t.Helper()
	c := &registry.Credential{ID: "k1", Consumer: "acme"}
	d := make(t, []registry.Change{
		{Credential: c, Sum: [32]byte{1}}, {Credential: c, Sum: [32]byte{2}},
		{Credential: &registry.Credential{ID: "k1"}, Sum: [32]byte{1}, Remove: true},
	})
	unknownCredential(t, d, [32]byte{1})
	if _, err := d.Credential(t.Context(), [32]byte{2}); err != nil {
		t.Errorf("the other credential: %v", err)
	}
}

func directoryKeys(t testing.TB, make directorySubject) {
	t.Helper()
	names := [][3]string{{"a", "b/c", "d"}, {"a/b", "c", "d"}, {"a", "b", "c/d"}, {"a:b", "c", "d"}, {"a", "b:c", "d"}, {"a\x00b", "c", "d"}, {"a", "b\x00c", "d"}}
	var changes []registry.Change
	for i, n := range names {
		s := subscription(n[0], n[1], n[2], "")
		s.ID = fmt.Sprint("s", i)
		changes = append(changes, setSubscription(s))
	}
	d := make(t, changes)
	for i, n := range names {
		if got := ask(t, d, n[0], n[1], n[2]); got.ID != fmt.Sprint("s", i) {
			t.Errorf("under %q there is %+v", n, got)
		}
	}
}

func directoryConcurrent(t testing.TB, make directorySubject) {
	t.Helper()
	d := make(t, []registry.Change{
		setPlan("gold", ""), setSubscription(subscription("acme", "users/v2", "test", "gold")),
		{Credential: &registry.Credential{ID: "k1", Consumer: "acme"}, Sum: [32]byte{1}},
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				if s, err := d.Subscription(context.Background(), "acme", "users/v2", "test"); err != nil || s.Plan == nil {
					t.Errorf("subscription: %v, %v", s, err)
				}
				if c, err := d.Credential(context.Background(), [32]byte{1}); err != nil || c.ID != "k1" {
					t.Errorf("credential: %v, %v", c, err)
				}
			}
		})
	}
	all.Wait()
}
