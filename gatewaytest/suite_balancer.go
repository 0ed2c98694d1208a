package gatewaytest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

// TestBalancer holds a balancer to the contract of upstream.Balancer: it picks
// one of the endpoints that it is given, leaves them as they are, keeps up
// with changes of the set, and uses more than one of them for many callers.
func TestBalancer(t *testing.T, make func() upstream.Balancer) {
	t.Helper()
	runChecks(t, balancerChecks(), balancerSubject(make))
}

type balancerSubject func() upstream.Balancer

func balancerChecks() []check[balancerSubject] {
	return []check[balancerSubject]{
		{"what is picked is one of the endpoints", balancerPicks},
		{"the set may change from pick to pick", balancerFollows},
		{"the set is left as it is", balancerLeaves},
		{"many callers get more than one endpoint", balancerSpreads},
		{"many may pick at once", balancerConcurrent},
	}
}

func endpoints(t testing.TB, from, n int) []*upstream.Endpoint {
	t.Helper()
	set := make([]*upstream.Endpoint, n)
	for i := range set {
		e, err := upstream.NewEndpoint(registry.Endpoint{
			URL: fmt.Sprintf("http://192.0.2.%d:8080", from+i), Weight: 1 + i%3, Zone: fmt.Sprint("zone-", i%2),
		})
		if err != nil {
			t.Fatalf("make an endpoint: %v", err)
		}
		set[i] = e
	}
	return set
}

// pick picks for the nth caller, and fails t where it picks what is not there.
func pick(t testing.TB, b upstream.Balancer, n int, set []*upstream.Endpoint) *upstream.Endpoint {
	t.Helper()
	x := NewExchange(http.MethodGet, fmt.Sprintf("/things/%d", n), Client(fmt.Sprintf("198.51.100.%d", n%256)),
		Header("X-Session", fmt.Sprint(n)))
	e := b.Pick(x, set)
	if !slices.Contains(set, e) {
		t.Fatalf("of %d endpoints none was picked, but %v", len(set), e)
	}
	return e
}

func balancerPicks(t testing.TB, make balancerSubject) {
	t.Helper()
	for _, n := range []int{1, 2, 3, 100} {
		b, set := make(), endpoints(t, 0, n)
		for i := range 3*n + 10 {
			pick(t, b, i, set)
		}
	}
}

func balancerFollows(t testing.TB, make balancerSubject) {
	t.Helper()
	b := make()
	all := endpoints(t, 0, 10)
	sets := [][]*upstream.Endpoint{all, all[:1:1], all[5:6:6], all[2:7:7], endpoints(t, 50, 3), all}
	for i := range 200 {
		pick(t, b, i, sets[i%len(sets)])
	}
}

func balancerLeaves(t testing.TB, make balancerSubject) {
	t.Helper()
	b, set := make(), endpoints(t, 0, 10)
	before := slices.Clone(set)
	for i := range 50 {
		pick(t, b, i, set[:9])
		if !slices.Equal(set, before) {
			t.Fatal("the set was altered")
		}
	}
}

func balancerSpreads(t testing.TB, make balancerSubject) {
	t.Helper()
	b, set := make(), endpoints(t, 0, 4)
	picked := map[*upstream.Endpoint]int{}
	for i := range 1000 {
		picked[pick(t, b, i, set)]++
	}
	if len(picked) < 2 {
		t.Error("a thousand callers all got one of four endpoints")
	}
}

func balancerConcurrent(t testing.TB, make balancerSubject) {
	t.Helper()
	b := make()
	one, other := endpoints(t, 0, 5), endpoints(t, 10, 3)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 100 {
				x := NewExchange(http.MethodGet, "/things", Client(fmt.Sprintf("198.51.100.%d", i*10+j%10)))
				set := one
				if j%2 == 1 {
					set = other
				}
				if e := b.Pick(x, set); !slices.Contains(set, e) {
					t.Errorf("picked %v", e)
				}
			}
		})
	}
	all.Wait()
}
