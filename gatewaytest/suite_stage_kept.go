package gatewaytest

import (
	"net/http"
	"testing"
	"weak"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// stageLetsGo spoils exchanges that have ended: one that the stage writes to
// afterwards, or holds on to, was kept.
func stageLetsGo(t testing.TB, s stageSubject) {
	t.Helper()
	h := pipeline.Chain(answerOK, s.make(t))
	var kept []weak.Pointer[pipeline.Exchange]
	for range 3 { // who keeps one may use it when the next comes
		kept = append(kept, spoilt(t, h, s))
	}
	for _, k := range kept {
		if letGo(k, patience(t)/5) {
			continue
		}
		if x := k.Value(); x != nil && !x.Poisoned() {
			t.Fatal("an exchange was written to after its end")
		}
		t.Fatal("an exchange is kept after its end; who works on beside it takes a Fork")
	}
}

// spoilt runs an exchange to its end and spoils it.
func spoilt(t testing.TB, h pipeline.Handler, s stageSubject) weak.Pointer[pipeline.Exchange] {
	t.Helper()
	x := s.exchange(http.MethodGet, "/things/1")
	whole(t, h, x)
	x.Poison()
	return weak.Make(x)
}
