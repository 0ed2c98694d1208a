package payload

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNamesAreToldApartAsBySet plays scopes in scopes against sets of strings.
func TestNamesAreToldApartAsBySet(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	n := &names{seed: maphash.MakeSeed()}
	type level struct {
		scope scope
		seen  map[string]bool
	}
	var open []level
	push := func() { open = append(open, level{n.open(), map[string]bool{}}) }
	push()
	for range 200_000 {
		switch top := &open[len(open)-1]; {
		case r.IntN(20) == 0 && len(open) < 20:
			push()
		case r.IntN(30) == 0 && len(open) > 1:
			n.close(&top.scope)
			open = open[:len(open)-1]
		default:
			name := fmt.Sprintf("%.*s", r.IntN(12), fmt.Sprint("k", r.IntN(400), "longer"))
			require.Equal(t, !top.seen[name], n.add(&top.scope, []byte(name)), "%q", name)
			top.seen[name] = true
		}
	}
}
