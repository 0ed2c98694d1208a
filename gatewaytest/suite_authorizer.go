package gatewaytest

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/seed-f9645bd3/gateway/authz"
)

// TestAuthorizer holds an authorizer to the contract of authz.Authorizer.
// allowed are the options of an exchange that it allows, denied those of one
// that it does not.
func TestAuthorizer(t *testing.T, make func(testing.TB) authz.Authorizer, allowed, denied []Option) {
	t.Helper()
	runChecks(t, authorizerChecks(), authorizerSubject{make, allowed, denied})
}

type authorizerSubject struct {
	make            func(testing.TB) authz.Authorizer
	allowed, denied []Option
}

func authorizerChecks() []check[authorizerSubject] {
	return []check[authorizerSubject]{
		{"what is allowed is allowed, each time", authorizerAllows},
		{"what is denied is denied, and says why", authorizerDenies},
		{"the request is left whole", authorizerKeepsIn},
		{"many may ask at once", authorizerConcurrent},
		{"a client that is gone does not keep it", authorizerCancelled},
	}
}

func authorizerAllows(t testing.TB, s authorizerSubject) {
	t.Helper()
	a := s.make(t)
	for range 3 {
		answer, err := a.Authorize(t.Context(), NewExchange(http.MethodGet, "/things/1", s.allowed...))
		if err != nil || !answer.Allow {
			t.Errorf("want it allowed, got %+v, %v", answer, err)
		}
	}
}

func authorizerDenies(t testing.TB, s authorizerSubject) {
	t.Helper()
	a := s.make(t)
	for range 3 {
		answer, err := a.Authorize(t.Context(), NewExchange(http.MethodGet, "/things/1", s.denied...))
		if answer.Allow {
			t.Fatalf("want it denied, got %+v, %v", answer, err)
		}
		if err == nil && !stableCode.MatchString(answer.Code) {
			t.Errorf("the denial has the code %q", answer.Code)
		}
		if answer.Grant != nil {
			t.Errorf("the denial grants %+v", answer.Grant)
		}
	}
}

func authorizerKeepsIn(t testing.TB, s authorizerSubject) {
	t.Helper()
	for _, opts := range [][]Option{s.allowed, s.denied} {
		x := NewExchange(http.MethodGet, "/things/1", opts...)
		before := look(x.In)
		_, _ = s.make(t).Authorize(t.Context(), x)
		if after := look(x.In); after != before {
			t.Errorf("the request was altered:\n%s\nfrom\n%s", after, before)
		}
	}
}

func authorizerConcurrent(t testing.TB, s authorizerSubject) {
	t.Helper()
	a := s.make(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			allowed := i%2 == 0
			opts := s.denied
			if allowed {
				opts = s.allowed
			}
			for range 20 {
				x := NewExchange(http.MethodGet, "/things/1", slices.Clone(opts)...)
				if answer, err := a.Authorize(context.Background(), x); answer.Allow != allowed {
					t.Errorf("want allow %v, got %+v, %v", allowed, answer, err)
				}
			}
		})
	}
	all.Wait()
}

func authorizerCancelled(t testing.TB, s authorizerSubject) {
	t.Helper()
	a := s.make(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var answer authz.Answer
	if !within(patience(t), func() { answer, _ = a.Authorize(ctx, NewExchange(http.MethodGet, "/things/1", s.denied...)) }) {
		t.Fatal("Authorize did not return")
	}
	if answer.Allow {
		t.Error("what is denied was allowed because the client had gone")
	}
}
