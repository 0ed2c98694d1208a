package upstream

import (
	"slices"
	"sync/atomic"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// maxSchedule bounds the slots of one schedule. Weights that need more are
// scaled down to it.
const maxSchedule = 1 << 14

// NewRoundRobin returns the balancer that gives each endpoint its turn. Over
// one round, each gets as many attempts as its weight says, spread evenly
// among those of the others.
func NewRoundRobin() Balancer { return &roundRobin{} }

// RoundRobinConfig holds the settings of round_robin: there are none.
type RoundRobinConfig struct{}

// RoundRobinKind returns the kind round_robin.
func RoundRobinKind() pipeline.Kind[Balancer] {
	return pipeline.NewKind("round_robin", func(*pipeline.Env, RoundRobinConfig) (Balancer, error) {
		return NewRoundRobin(), nil
	})
}

type roundRobin struct {
	cursor atomic.Uint64
	plan   atomic.Pointer[schedule]
}

// A schedule is one round over one endpoint set, which it knows by its place
// in memory: the same set is the same slice.
type schedule struct {
	set   []*Endpoint
	slots []*Endpoint
}

// Pick implements Balancer.
func (r *roundRobin) Pick(_ *pipeline.Exchange, endpoints []*Endpoint) *Endpoint {
	plan := r.plan.Load()
	if plan == nil || !plan.of(endpoints) {
		plan = newSchedule(endpoints)
		r.plan.Store(plan)
	}
	turn := r.cursor.Add(1) - 1
	return plan.slots[turn%uint64(len(plan.slots))]
}

func (s *schedule) of(endpoints []*Endpoint) bool {
	return len(s.set) == len(endpoints) && &s.set[0] == &endpoints[0]
}

// newSchedule lays the turns of all endpoints on one line. Turn k of an
// endpoint of weight w has its place at (2k+1)/2w of the round.
func newSchedule(endpoints []*Endpoint) *schedule {
	type turn struct{ k, weight, endpoint int }
	var turns []turn
	for i, w := range shares(endpoints) {
		for k := range w {
			turns = append(turns, turn{k, w, i})
		}
	}
	slices.SortFunc(turns, func(a, b turn) int {
		if d := (2*a.k+1)*b.weight - (2*b.k+1)*a.weight; d != 0 {
			return d
		}
		return a.endpoint - b.endpoint
	})
	s := &schedule{set: endpoints, slots: make([]*Endpoint, len(turns))}
	for i, t := range turns {
		s.slots[i] = endpoints[t.endpoint]
	}
	return s
}

// shares returns the weights in lowest terms, or scaled down where a round of
// them would be too long.
func shares(endpoints []*Endpoint) []int {
	weights := make([]int, len(endpoints))
	divisor, sum := 0, 0
	for i, e := range endpoints {
		weights[i] = e.Weight()
		divisor = gcd(weights[i], divisor)
		sum += weights[i]
	}
	sum /= divisor
	for i := range weights {
		weights[i] /= divisor
		if sum > maxSchedule {
			weights[i] = max(1, weights[i]*maxSchedule/sum)
		}
	}
	return weights
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
