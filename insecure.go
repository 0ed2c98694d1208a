package gateway

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/seed-f9645bd3/gateway/registry"
)

// insecurePrefix is how the names of unsafe options begin, so that nobody sets one
// unawares.
const insecurePrefix = "insecure"

// Insecure tells how often each unsafe option is on in the configuration that
// serves, by its name: insecure_skip_verify of upstreams, and every setting of a
// policy, one of the program's own too, whose name begins with "insecure". It
// is for metrics, and may be called at any time.
func (g *Gateway) Insecure() map[string]int {
	count := map[string]int{"insecure_skip_verify": 0}
	t := g.table.Load()
	if t == nil {
		return count
	}
	for i := range t.snapshot.Upstreams {
		u := &t.snapshot.Upstreams[i]
		if u.TLS.InsecureSkipVerify {
			count["insecure_skip_verify"]++
		}
		if u.Balancer != nil {
			countUnsafe(count, *u.Balancer)
		}
	}
	countUnsafe(count, t.snapshot.Edge...)
	for i := range t.snapshot.Routes {
		countUnsafe(count, t.snapshot.Routes[i].Policies...)
	}
	return count
}

func countUnsafe(count map[string]int, policies ...registry.Policy) {
	for _, p := range policies {
		if !bytes.Contains(p.Config, []byte(`"`+insecurePrefix)) {
			continue
		}
		var settings any
		if json.Unmarshal(p.Config, &settings) == nil { // it was decoded before
			countWithin(count, settings)
		}
	}
}

func countWithin(count map[string]int, v any) {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			countWithin(count, element)
		}
	case map[string]any:
		for name, member := range v {
			if strings.HasPrefix(name, insecurePrefix) && member != nil && member != false {
				count[name]++
				continue
			}
			countWithin(count, member)
		}
	}
}
