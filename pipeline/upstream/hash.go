package upstream

import (
	"math"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// HashConfig holds the settings of the kind "hash": what of a request chooses
// its endpoint. Without header and cookie, and for a request that has neither,
// it is the address of the client.
type HashConfig struct {
	// Header is the field whose value counts: X-Tenant.
	Header string `json:"header,omitempty"`
	// Cookie is the cookie whose value counts, in place of a header.
	Cookie string `json:"cookie,omitempty"`
}

// Validate implements the contract of registry.Decode.
func (c HashConfig) Validate() error {
	var faults registry.Faults
	checkToken("/header", c.Header, &faults)
	checkToken("/cookie", c.Cookie, &faults)
	if c.Header != "" && c.Cookie != "" {
		faults.Add("/cookie", "want header or cookie, not both")
	}
	return faults.Err()
}

func checkToken(field, name string, faults *registry.Faults) {
	for i := range len(name) {
		if !isTokenByte(name[i]) {
			faults.Add(field, "want a name such as X-Tenant, not %q", name)
			return
		}
	}
}

// NewHash returns the balancer that picks the same endpoint for the same value
// of what c names, as long as it is ready. Where an endpoint leaves or comes,
// only the values move that it had or gets: a share of its weight. Gateways in
// front of the same endpoints pick alike.
func NewHash(c HashConfig) (Balancer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return hash{header: textproto.CanonicalMIMEHeaderKey(c.Header), cookie: c.Cookie}, nil
}

// HashKind returns the kind hash.
func HashKind() pipeline.Kind[Balancer] {
	return pipeline.NewKind("hash", func(_ *pipeline.Env, c HashConfig) (Balancer, error) { return NewHash(c) })
}

// A hash is weighted rendezvous hashing: each endpoint bids for the key, and
// the highest bid has it. It keeps no state, so that nothing has to be made
// anew when the set changes.
type hash struct{ header, cookie string }

// Pick implements Balancer. What the exchange has tried is passed over: the
// next in line for the key is the one that has it when the first has gone.
func (h hash) Pick(x *pipeline.Exchange, endpoints []*Endpoint) *Endpoint {
	key := h.key(x)
	best, high := endpoints[0], endpoints[0].bid(key)
	fresh := !tried(x, best)
	for _, e := range endpoints[1:] {
		bid, untried := e.bid(key), !tried(x, e)
		if untried && !fresh || untried == fresh && bid.above(high) {
			best, high, fresh = e, bid, untried
		}
	}
	return best
}

// A bid is what an endpoint draws for a key, above 0 and below 1, and its
// weight. Its value is -weight/log(drawn), by which each endpoint wins in just
// the measure of its weight.
type bid struct{ drawn, weight float64 }

func (e *Endpoint) bid(key uint64) bid {
	const unit = 1.0 / (1 << 53)
	return bid{(float64(mix(key^e.seed)>>11) + 0.5) * unit, float64(e.Weight())}
}

// above compares the values of two bids, without logarithms where weights are
// equal.
func (b bid) above(c bid) bool {
	if b.weight == c.weight {
		return b.drawn > c.drawn
	}
	return -b.weight*math.Log(c.drawn) > -c.weight*math.Log(b.drawn)
}

func (h hash) key(x *pipeline.Exchange) uint64 {
	if x == nil {
		return 0
	}
	if value := h.value(x.In); value != "" {
		return sum(value)
	}
	a := x.Client.As16()
	key := uint64(offset)
	for _, b := range a {
		key = (key ^ uint64(b)) * prime
	}
	return mix(key)
}

func (h hash) value(in *http.Request) string {
	switch {
	case in == nil:
	case h.header != "":
		return first(in.Header[h.header])
	case h.cookie != "":
		return cookie(in.Header["Cookie"], h.cookie)
	}
	return ""
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// cookie returns the value of a cookie without making anything of the others.
func cookie(lines []string, name string) string {
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			if n, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok && n == name {
				return value
			}
		}
	}
	return ""
}

// FNV-1a, 64 bits.
const (
	offset = 14695981039346656037
	prime  = 1099511628211
)

// sum hashes s alike in each process: gateways have to agree.
func sum(s string) uint64 {
	h := uint64(offset)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * prime
	}
	return mix(h)
}

// mix spreads each bit over all others (the finisher of SplitMix64).
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
