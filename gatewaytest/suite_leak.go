package gatewaytest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// stageLeavesNothing labels the goroutine in which the stage is made and run.
// Goroutines inherit labels, so that what is left can be told from what other
// tests do meanwhile.
func stageLeavesNothing(t testing.TB, s stageSubject) {
	t.Helper()
	inner := &scopedTB{TB: t}
	label := fmt.Sprintf("%p", inner)
	ended := make(chan struct{})
	go pprof.Do(context.Background(), pprof.Labels("gatewaytest", label), func(context.Context) {
		defer close(ended)
		defer inner.end()
		h := pipeline.Chain(answerOK, s.make(inner))
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} {
			whole(inner, h, s.exchange(method, "/things/1"))
		}
	})
	if !came(patience(t), ended) {
		t.Fatal("what the stage started did not end")
	}
	if left := labelled(label, patience(t)/5); left != "" {
		t.Errorf("goroutines are left:\n%s", left)
	}
}

// labelled returns the stacks of the goroutines that bear the label still
// after some time.
func labelled(label string, most time.Duration) string {
	left := ""
	for deadline := time.Now().Add(most); ; {
		if left = stacksOf(label); left == "" || time.Now().After(deadline) {
			return left
		}
		<-time.After(10 * time.Millisecond)
	}
}

func stacksOf(label string) string {
	var all bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
		return ""
	}
	var mine []string
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, `"gatewaytest":"`+label+`"`) {
			mine = append(mine, stack)
		}
	}
	return strings.Join(mine, "\n\n")
}

// scopedTB is a testing.TB whose cleanups run when its user says so.
type scopedTB struct {
	testing.TB
	mu       sync.Mutex
	cleanups []func()
}

// Cleanup implements testing.TB.
func (s *scopedTB) Cleanup(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cleanups = append(s.cleanups, f)
}

func (s *scopedTB) end() {
	for {
		s.mu.Lock()
		n := len(s.cleanups)
		if n == 0 {
			s.mu.Unlock()
			return
		}
		f := s.cleanups[n-1]
		s.cleanups = s.cleanups[:n-1]
		s.mu.Unlock()
		f()
	}
}
