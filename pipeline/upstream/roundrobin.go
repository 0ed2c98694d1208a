package upstream

import (
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

// RoundRobinConfig holds the settings of the kind "round_robin": there are
// none.
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
	slots := r.schedule(endpoints).slots
	turn := r.cursor.Add(1) - 1
	return slots[turn%uint64(len(slots))]
}

// schedule returns the round over the set, made anew where it is another one.
func (r *roundRobin) schedule(endpoints []*Endpoint) *schedule {
	plan := r.plan.Load()
	if plan == nil || !plan.of(endpoints) {
		plan = newSchedule(endpoints)
		r.plan.Store(plan)
	}
	return plan
}

func (s *schedule) of(endpoints []*Endpoint) bool {
	return len(s.set) == len(endpoints) && &s.set[0] == &endpoints[0]
}

// newSchedule gives each slot to the endpoint that is owed most: before each
// slot every one is owed its weight more, and who gets the slot has had all of
// them.
func newSchedule(endpoints []*Endpoint) *schedule {
	weights, total := shares(endpoints)
	owed := make([]int, len(weights))
	s := &schedule{set: endpoints, slots: make([]*Endpoint, total)}
	for slot := range s.slots {
		most := 0
		for i, w := range weights {
			owed[i] += w
			if owed[i] > owed[most] {
				most = i
			}
		}
		owed[most] -= total
		s.slots[slot] = endpoints[most]
	}
	return s
}

// shares returns the weights in lowest terms, or scaled down where a round of
// them would be too long, and their sum.
func shares(endpoints []*Endpoint) (weights []int, total int) {
	weights = make([]int, len(endpoints))
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
		total += weights[i]
	}
	return weights, total
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
