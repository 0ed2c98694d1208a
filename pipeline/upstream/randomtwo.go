package upstream

import (
	"math/rand/v2"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// NewRandomTwo returns the balancer that draws two endpoints, by weight, and
// picks the one with fewer attempts in flight for its weight. It is as cheap
// for a thousand endpoints as for two, and many gateways in front of the same
// endpoints do not all run to the same one. random yields 64 random bits, to
// many goroutines at once; nil means those of math/rand/v2.
func NewRandomTwo(random func() uint64) Balancer {
	if random == nil {
		random = rand.Uint64
	}
	return &randomTwo{random: random}
}

// RandomTwoConfig holds the settings of the kind "random_two": there are none.
type RandomTwoConfig struct{}

// RandomTwoKind returns the kind random_two.
func RandomTwoKind() pipeline.Kind[Balancer] {
	return pipeline.NewKind("random_two", func(*pipeline.Env, RandomTwoConfig) (Balancer, error) {
		return NewRandomTwo(nil), nil
	})
}

type randomTwo struct {
	random func() uint64
	turns  roundRobin
}

// Pick implements Balancer.
func (r *randomTwo) Pick(x *pipeline.Exchange, endpoints []*Endpoint) *Endpoint {
	slots := r.turns.schedule(endpoints).slots
	bits := r.random()
	a, b := slots[below(bits, len(slots))], slots[below(bits>>drawBits, len(slots))]
	if a == b {
		b = other(a, endpoints, below(bits>>(2*drawBits), len(endpoints)))
	}
	switch before := tried(x, a); {
	case before != tried(x, b):
		if before {
			return b
		}
	case lighter(b, a):
		return b
	}
	return a
}

// drawBits is how many of the random bits one draw takes.
const drawBits = 21

// below maps the lowest bits to a number below n, which is far smaller than
// they reach.
func below(bits uint64, n int) int {
	return int((bits & (1<<drawBits - 1)) * uint64(n) >> drawBits)
}

// other returns the endpoint at i, or the next one where that is a itself.
func other(a *Endpoint, endpoints []*Endpoint, i int) *Endpoint {
	if endpoints[i] == a {
		return endpoints[(i+1)%len(endpoints)]
	}
	return endpoints[i]
}
