package directory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/directory"
)

func setPlan(name string, count int64) registry.Change {
	return registry.Change{Plan: &registry.Plan{
		Name: name, Limits: []registry.Limit{{Rate: registry.Rate{Count: count, Per: time.Second}}},
	}}
}

func setSubscription(id, consumer, api, environment, plan string) registry.Change {
	s := &registry.Subscription{ID: id, Consumer: consumer, API: api, Environment: environment, Active: true}
	if plan != "" {
		s.Plan = &registry.Plan{Name: plan}
	}
	return registry.Change{Subscription: s}
}

func setCredential(sum byte, id string) registry.Change {
	return registry.Change{Sum: [32]byte{sum}, Credential: &registry.Credential{ID: id, Consumer: "acme"}}
}

func remove(c registry.Change) registry.Change {
	c.Remove = true
	return c
}

func filled(t testing.TB, changes ...registry.Change) *directory.Memory {
	t.Helper()
	m := directory.New()
	require.NoError(t, m.Apply(changes))
	return m
}

func subscription(t testing.TB, m *directory.Memory, consumer string) *registry.Subscription {
	t.Helper()
	s, err := m.Subscription(t.Context(), consumer, "users/v2", "production")
	require.NoError(t, err)
	return s
}

func TestZeroValueKnowsNothing(t *testing.T) {
	t.Parallel()
	var m directory.Memory
	_, err := m.Subscription(t.Context(), "acme", "users/v2", "production")
	require.Equal(t, registry.ErrUnknown, err)
	_, err = m.Credential(t.Context(), [32]byte{1})
	require.Equal(t, registry.ErrUnknown, err)
	require.Zero(t, m.Len())
	require.Empty(t, m.All())
	require.NoError(t, m.Apply(nil))
	require.NoError(t, m.Apply([]registry.Change{setCredential(1, "k1")}))
	require.Equal(t, 1, m.Len().Credentials)
}

func TestSubscriptionIsFoundByItsWholeKey(t *testing.T) {
	t.Parallel()
	m := filled(t,
		setPlan("gold", 1),
		setSubscription("1", "acme", "users/v2", "production", "gold"),
		setSubscription("2", "acme", "users/v2", "staging", ""),
		setSubscription("3", "acme", "users/v1", "production", ""),
		setSubscription("4", "umbrella", "users/v2", "production", ""),
		setSubscription("5", "a", "bc", "d", ""),
		setSubscription("6", "ab", "c", "d", ""),
		setSubscription("7", "c", "ab", "d", ""),
		setSubscription("8", "exactly-24-bytes-of-name", "a", "d", ""),
		setSubscription("9", "a-name-that-is-longer-than-24-bytes", "a", "d", ""),
	)
	tests := []struct{ name, consumer, api, environment, id string }{
		{"the one asked for", "acme", "users/v2", "production", "1"},
		{"another environment", "acme", "users/v2", "staging", "2"},
		{"another API", "acme", "users/v1", "production", "3"},
		{"another consumer", "umbrella", "users/v2", "production", "4"},
		{"names that join to the same text", "a", "bc", "d", "5"},
		{"names that join to the same text otherwise", "ab", "c", "d", "6"},
		{"names in another order", "c", "ab", "d", "7"},
		{"a name that just fits in place", "exactly-24-bytes-of-name", "a", "d", "8"},
		{"a name that does not fit in place", "a-name-that-is-longer-than-24-bytes", "a", "d", "9"},
		{"a name that begins like one that is too long", "a-name-that-is-longer-than-24-bytez", "a", "d", ""},
		{"an unknown consumer", "none", "users/v2", "production", ""},
		{"an unknown API", "acme", "orders/v1", "production", ""},
		{"an unknown environment", "acme", "users/v2", "test", ""},
		{"no consumer", "", "users/v2", "production", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := m.Subscription(t.Context(), tt.consumer, tt.api, tt.environment)
			if tt.id == "" {
				require.Nil(t, s)
				require.Equal(t, registry.ErrUnknown, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.id, s.ID)
		})
	}
	require.Equal(t, directory.Size{Plans: 1, Subscriptions: 9}, m.Len())
}

func TestSubscriptionBearsThePlanThatItNames(t *testing.T) {
	t.Parallel()
	m := filled(t,
		setSubscription("1", "acme", "users/v2", "production", "gold"),
		setSubscription("2", "umbrella", "users/v2", "production", ""),
		setPlan("gold", 100),
	)
	require.Equal(t, int64(100), subscription(t, m, "acme").Plan.Limits[0].Rate.Count)
	require.Nil(t, subscription(t, m, "umbrella").Plan)
}

func TestPolicyIsNotJudged(t *testing.T) {
	t.Parallel()
	c := setSubscription("1", "acme", "users/v2", "production", "")
	c.Subscription.Active, c.Subscription.NotAfter = false, time.Unix(1, 0)
	k := setCredential(1, "k1")
	k.Credential.NotAfter = time.Unix(1, 0)
	m := filled(t, c, k)
	require.False(t, subscription(t, m, "acme").Active)
	_, err := m.Credential(t.Context(), [32]byte{1})
	require.NoError(t, err)
}

func TestCredentialIsFoundByItsSum(t *testing.T) {
	t.Parallel()
	m := filled(t, setCredential(1, "k1"), setCredential(2, "k2"))
	c, err := m.Credential(t.Context(), [32]byte{2})
	require.NoError(t, err)
	require.Equal(t, "k2", c.ID)
	_, err = m.Credential(t.Context(), [32]byte{2, 31: 1})
	require.Equal(t, registry.ErrUnknown, err)
	require.NoError(t, m.Apply([]registry.Change{{Sum: [32]byte{2}, Credential: &registry.Credential{}, Remove: true}}))
	_, err = m.Credential(t.Context(), [32]byte{2})
	require.Equal(t, registry.ErrUnknown, err)
	require.Equal(t, 1, m.Len().Credentials)
}

func TestPlanChangesForAllOfItsSubscriptions(t *testing.T) {
	t.Parallel()
	changes := []registry.Change{setPlan("gold", 1), setPlan("silver", 2)}
	for i := range 3000 {
		changes = append(changes, setSubscription(fmt.Sprint(i), fmt.Sprint("c", i), "users/v2", "production", []string{"gold", "silver", ""}[i%3]))
	}
	m := filled(t, changes...)
	before, silver := subscription(t, m, "c0"), subscription(t, m, "c1")
	require.NoError(t, m.Apply([]registry.Change{setPlan("gold", 7)}))
	for i := 0; i < 3000; i += 3 {
		require.Equal(t, int64(7), subscription(t, m, fmt.Sprint("c", i)).Plan.Limits[0].Rate.Count)
	}
	require.Equal(t, int64(1), before.Plan.Limits[0].Rate.Count, "what was handed out is not altered")
	require.Same(t, silver, subscription(t, m, "c1"), "subscriptions of other plans stay")
	require.Equal(t, directory.Size{Plans: 2, Subscriptions: 3000}, m.Len())
}

// TestADirectoryGrowsAndShrinksChangeByChange goes through every number of
// entries on its way: at each, what is there is found and nothing else.
func TestADirectoryGrowsAndShrinksChangeByChange(t *testing.T) {
	t.Parallel()
	const most = 400
	m := filled(t)
	name := func(i int) string { return fmt.Sprint("c", i) }
	holds := func(ids string, from, to int) {
		for i := range most {
			s, err := m.Subscription(t.Context(), name(i), "users/v2", "production")
			if i < from || i >= to {
				require.ErrorIs(t, err, registry.ErrUnknown)
				continue
			}
			require.NoError(t, err)
			require.Equal(t, ids+name(i), s.ID)
		}
		require.Equal(t, to-from, m.Len().Subscriptions)
	}
	for i := range most {
		require.NoError(t, m.Apply([]registry.Change{setSubscription("old-"+name(i), name(i), "users/v2", "production", "")}))
		holds("old-", 0, i+1)
	}
	for i := range most {
		require.NoError(t, m.Apply([]registry.Change{setSubscription("new-"+name(i), name(i), "users/v2", "production", "")}))
	}
	for i := range most {
		holds("new-", i, most)
		require.NoError(t, m.Apply([]registry.Change{remove(setSubscription("", name(i), "users/v2", "production", ""))}))
	}
	require.Zero(t, m.Len())
}

func TestPlanThatIsSetAgainAlikeStillChangesLater(t *testing.T) {
	t.Parallel()
	m := filled(t, setPlan("gold", 1), setSubscription("1", "acme", "users/v2", "production", "gold"))
	kept := subscription(t, m, "acme")
	require.NoError(t, m.Apply([]registry.Change{setPlan("gold", 1), setSubscription("2", "umbrella", "users/v2", "production", "gold")}))
	require.Same(t, kept, subscription(t, m, "acme"), "an equal plan changes nothing")
	require.NoError(t, m.Apply([]registry.Change{setPlan("gold", 5)}))
	require.Equal(t, int64(5), subscription(t, m, "acme").Plan.Limits[0].Rate.Count)
	require.Equal(t, int64(5), subscription(t, m, "umbrella").Plan.Limits[0].Rate.Count)
}

func TestSubscriptionChangesWithItsPlan(t *testing.T) {
	t.Parallel()
	m := filled(t, setPlan("gold", 1), setPlan("silver", 2), setSubscription("1", "acme", "users/v2", "production", "gold"))
	require.NoError(t, m.Apply([]registry.Change{setPlan("gold", 3), setSubscription("1", "acme", "users/v2", "production", "silver")}))
	require.Equal(t, "silver", subscription(t, m, "acme").Plan.Name)
	require.NoError(t, m.Apply([]registry.Change{remove(setPlan("gold", 0))}), "nobody names it any more")
}

func TestLastChangeOfAnEntryCounts(t *testing.T) {
	t.Parallel()
	one := setSubscription("1", "acme", "users/v2", "production", "")
	two := setSubscription("2", "acme", "users/v2", "production", "")
	m := filled(t, one, two)
	require.Equal(t, "2", subscription(t, m, "acme").ID)
	require.NoError(t, m.Apply([]registry.Change{remove(one), one}))
	require.Equal(t, "1", subscription(t, m, "acme").ID)
	require.NoError(t, m.Apply([]registry.Change{two, remove(one)}))
	require.Zero(t, m.Len())
}

func TestRemovingWhatIsNotThereIsNoFault(t *testing.T) {
	t.Parallel()
	m := filled(t, remove(setPlan("gold", 1)), remove(setSubscription("1", "a", "b", "c", "gold")), remove(setCredential(1, "k")))
	require.Zero(t, m.Len())
}

func TestPlanInUseCannotBeRemoved(t *testing.T) {
	t.Parallel()
	sub := setSubscription("1", "acme", "users/v2", "production", "gold")
	m := filled(t, setPlan("gold", 1), sub)
	err := m.Apply([]registry.Change{setCredential(1, "k"), remove(setPlan("gold", 0))})
	require.ErrorContains(t, err, `plan "gold" cannot be removed: 1 subscriptions name it`)
	require.Equal(t, "/1/plan", registry.AsFaults(err)[0].Field)
	require.Zero(t, m.Len().Credentials, "all or nothing")
	require.NoError(t, m.Apply([]registry.Change{remove(setPlan("gold", 0)), remove(sub)}), "together they go, in any order")
	require.Zero(t, m.Len())
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	known := []registry.Change{setPlan("gold", 1), setSubscription("1", "acme", "users/v2", "production", "gold")}
	badIP := setSubscription("1", "a", "b", "c", "")
	badIP.Subscription.AllowIPs = make([]netip.Prefix, 1)
	namelessPlan := setSubscription("1", "a", "b", "c", "")
	namelessPlan.Subscription.Plan = &registry.Plan{}
	limited := func(l registry.Limit) registry.Change {
		return registry.Change{Plan: &registry.Plan{Name: "p", Limits: []registry.Limit{l}}}
	}
	tests := []struct {
		name   string
		change registry.Change
		field  string
		want   string
	}{
		{"nothing", registry.Change{}, "/1", "want one plan, subscription or credential, not 0"},
		{"two at once", registry.Change{Plan: &registry.Plan{Name: "p"}, Credential: &registry.Credential{}}, "/1", "not 2"},
		{"a subscription of no ID", setSubscription("", "a", "b", "c", ""), "/1/subscription/id", "found none"},
		{"a subscription of no consumer", setSubscription("1", "", "b", "c", ""), "/1/subscription/consumer", "found none"},
		{"a subscription of no API", setSubscription("1", "a", "", "c", ""), "/1/subscription/api", "found none"},
		{"a subscription of no environment", setSubscription("1", "a", "b", "", ""), "/1/subscription/environment", "found none"},
		{"a subscription of an unknown plan", setSubscription("1", "a", "b", "c", "golt"), "/1/subscription/plan", `did you mean "gold"?`},
		{"a subscription of a plan without name", namelessPlan, "/1/subscription/plan/name", "found none"},
		{"a network that is none", badIP, "/1/subscription/allow_ips/0", "10.0.0.0/8"},
		{"a removal of no consumer", remove(setSubscription("", "", "b", "c", "")), "/1/subscription/consumer", "found none"},
		{"a plan of no name", setPlan("", 1), "/1/plan/name", "found none"},
		{"a plan of a rate of zero", setPlan("p", 0), "/1/plan/limits/0/rate", "above zero"},
		{"a plan of a negative burst", limited(registry.Limit{Rate: registry.Rate{Count: 1, Per: 1}, Burst: -1}), "/1/plan/limits/0/burst", "0 or more"},
		{"a plan of units without a rate", registry.Change{Plan: &registry.Plan{Name: "p", Units: registry.Units{Tokens: make([]registry.Limit, 1)}}},
			"/1/plan/units/tokens/0/rate", "want a rate"},
		{"a plan of fewer than none at once", registry.Change{Plan: &registry.Plan{Name: "p", InFlight: -1}}, "/1/plan/in_flight", "1 or more"},
		{"a plan of an unknown priority", registry.Change{Plan: &registry.Plan{Name: "p", Priority: "hihg"}}, "/1/plan/priority", "unknown priority"},
		{"a credential of no sum", registry.Change{Credential: &registry.Credential{ID: "k", Consumer: "a"}}, "/1/sum", "keyed hash"},
		{"a credential of no ID", setCredential(1, ""), "/1/credential/id", "found none"},
		{"a credential of no consumer", registry.Change{Sum: [32]byte{1}, Credential: &registry.Credential{ID: "k"}}, "/1/credential/consumer", "found none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := filled(t, known...)
			err := m.Apply([]registry.Change{setCredential(9, "k9"), tt.change, setCredential(8, "k8")})
			faults := registry.AsFaults(err)
			require.Len(t, faults, 1)
			require.Equal(t, tt.field, faults[0].Field)
			require.ErrorContains(t, faults[0], tt.want)
			require.Equal(t, directory.Size{Plans: 1, Subscriptions: 1}, m.Len(), "all or nothing")
			_, err = m.Credential(t.Context(), [32]byte{9})
			require.Equal(t, registry.ErrUnknown, err)
		})
	}
}

func TestApplyReportsAllFaultsInOrder(t *testing.T) {
	t.Parallel()
	m := directory.New()
	err := m.Apply([]registry.Change{
		setSubscription("1", "a", "", "", ""), {}, setCredential(0, ""),
	})
	var fields []string
	for _, f := range registry.AsFaults(err) {
		fields = append(fields, f.Field)
	}
	require.Equal(t, []string{"/0/subscription/api", "/0/subscription/environment", "/1", "/2/sum", "/2/credential/id"}, fields)
}

func TestReferencesAreReportedInOrder(t *testing.T) {
	t.Parallel()
	m := directory.New()
	var changes []registry.Change
	var want []string
	for i := range 12 {
		changes = append(changes, setSubscription("1", fmt.Sprint(i), "b", "c", "none"))
		want = append(want, fmt.Sprintf("/%d/subscription/plan", i))
	}
	var fields []string
	for _, f := range registry.AsFaults(m.Apply(changes)) {
		fields = append(fields, f.Field)
	}
	require.Equal(t, want, fields)
}

func TestFaultsAreBounded(t *testing.T) {
	t.Parallel()
	m := directory.New()
	var changes []registry.Change
	for i := range 20_000 {
		changes = append(changes, setSubscription("1", fmt.Sprint(i), "b", "c", "none"))
	}
	faults := registry.AsFaults(m.Apply(changes))
	require.Len(t, faults, 101)
	require.Equal(t, "/99/subscription/plan", faults[99].Field)
	require.ErrorContains(t, faults[100], "19900 further faults")
}

func TestCallerKeepsItsValues(t *testing.T) {
	t.Parallel()
	plan := setPlan("gold", 1)
	plan.Plan.Units.Tokens = []registry.Limit{{Rate: registry.Rate{Count: 5, Per: time.Second}}}
	sub := setSubscription("1", "acme", "users/v2", "production", "gold")
	sub.Subscription.Scopes = []string{"read"}
	sub.Subscription.AllowIPs = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	key := setCredential(1, "k1")
	m := filled(t, plan, sub, key)
	plan.Plan.Limits[0].Rate.Count = 99
	plan.Plan.Units.Tokens[0].Rate.Count = 99
	sub.Subscription.Active = false
	sub.Subscription.Scopes[0] = "write"
	sub.Subscription.AllowIPs[0] = netip.MustParsePrefix("0.0.0.0/0")
	key.Credential.Consumer = "other"
	s := subscription(t, m, "acme")
	require.True(t, s.Active)
	require.Equal(t, []string{"read"}, s.Scopes)
	require.Equal(t, "10.0.0.0/8", s.AllowIPs[0].String())
	require.Equal(t, int64(1), s.Plan.Limits[0].Rate.Count)
	require.Equal(t, int64(5), s.Plan.Units.Tokens[0].Rate.Count)
	c, err := m.Credential(t.Context(), [32]byte{1})
	require.NoError(t, err)
	require.Equal(t, "acme", c.Consumer)
	require.Equal(t, "gold", sub.Subscription.Plan.Name)
	require.Empty(t, sub.Subscription.Plan.Limits, "the caller's subscription is not altered")
}

func TestAllRestoresTheDirectory(t *testing.T) {
	t.Parallel()
	changes := []registry.Change{setPlan("silver", 2), setPlan("gold", 1)}
	for i := range 500 {
		changes = append(changes, setSubscription(fmt.Sprint(i), fmt.Sprint("c", i%50), fmt.Sprint("api/", i/50), "production", "gold"))
		changes = append(changes, registry.Change{
			Sum: [32]byte{byte(i), byte(i >> 8), 1}, Credential: &registry.Credential{ID: fmt.Sprint("k", i), Consumer: "acme"},
		})
	}
	m := filled(t, changes...)
	raw, err := json.Marshal(m.All())
	require.NoError(t, err)
	var read []registry.Change
	require.NoError(t, json.Unmarshal(raw, &read))
	restored := filled(t, read...)
	require.Equal(t, m.Len(), restored.Len())
	again, err := json.Marshal(restored.All())
	require.NoError(t, err)
	require.JSONEq(t, string(raw), string(again))
	require.Equal(t, "gold", m.All()[0].Plan.Name, "in the order of their names")
	s, err := restored.Subscription(context.Background(), "c7", "api/3", "production")
	require.NoError(t, err)
	require.Equal(t, int64(1), s.Plan.Limits[0].Rate.Count)
}
