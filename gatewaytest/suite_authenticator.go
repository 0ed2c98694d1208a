package gatewaytest

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// TestAuthenticator holds an authenticator to the contract of
// authn.Authenticator, and to that of authn.Finder where it is one. valid are options that put good credentials on an
// exchange (Header, TLS ...). Credentials in header fields are also damaged in
// many ways, and must not hold then.
func TestAuthenticator(t *testing.T, make func(testing.TB) authn.Authenticator, valid ...Option) {
	t.Helper()
	runChecks(t, authenticatorChecks(), authenticatorSubject{make, valid})
}

type authenticatorSubject struct {
	make  func(testing.TB) authn.Authenticator
	valid []Option
}

func authenticatorChecks() []check[authenticatorSubject] {
	return []check[authenticatorSubject]{
		{"a request without credentials has none", authenticatorNone},
		{"good credentials prove who is calling", authenticatorAccepts},
		{"the request is left whole", authenticatorKeepsIn},
		{"damaged credentials do not hold", authenticatorRefuses},
		{"an error does not tell the credentials", authenticatorIsSilent},
		{"many may ask at once", authenticatorConcurrent},
		{"a client that is gone does not keep it", authenticatorCancelled},
		{"what it finds is what it judges", authenticatorFinds},
	}
}

func (s authenticatorSubject) exchange() *pipeline.Exchange {
	return NewExchange(http.MethodGet, "/things/1", s.valid...)
}

func authenticatorNone(t testing.TB, s authenticatorSubject) {
	t.Helper()
	id, err := s.make(t).Authenticate(t.Context(), NewExchange(http.MethodGet, "/things/1"))
	if id != nil || !errors.Is(err, authn.ErrNoCredentials) {
		t.Errorf("want ErrNoCredentials alone, got %v, %v", id, err)
	}
}

func authenticatorAccepts(t testing.TB, s authenticatorSubject) {
	t.Helper()
	a := s.make(t)
	first, err := a.Authenticate(t.Context(), s.exchange())
	if err != nil || first == nil {
		t.Fatalf("good credentials: %v, %v", first, err)
	}
	if first.Scheme == "" || first.Subject == "" && first.Consumer == "" {
		t.Errorf("the identity says nothing: %+v", first)
	}
	again, err := a.Authenticate(t.Context(), s.exchange())
	if err != nil || !reflect.DeepEqual(first, again) {
		t.Errorf("the same credentials prove %+v, then %+v, %v", first, again, err)
	}
}

func authenticatorKeepsIn(t testing.TB, s authenticatorSubject) {
	t.Helper()
	x := s.exchange()
	before := look(x.In)
	if _, err := s.make(t).Authenticate(t.Context(), x); err != nil {
		t.Fatalf("good credentials: %v", err)
	}
	if after := look(x.In); after != before {
		t.Errorf("the request was altered:\n%s\nfrom\n%s", after, before)
	}
	if x.Identity != nil || len(x.Decisions()) > 0 {
		t.Error("the exchange was written to: that is the stage's")
	}
}

// credentials are the fields that the valid options put on an exchange.
func (s authenticatorSubject) credentials() map[string]string {
	fields := map[string]string{}
	for field, values := range s.exchange().In.Header {
		fields[field] = values[0]
	}
	return fields
}

func damages(value string) []string {
	middle := (len(value) + strings.LastIndexByte(value, ' ') + 1) / 2
	other := byte('A')
	if value[middle] == other {
		other = 'B'
	}
	return []string{
		value[:middle] + string(other) + value[middle+1:], // one character is another
		value[:middle] + value[middle+1:],                 // one is missing
		value[:middle] + string(value[middle]) + value[middle:],
		value[:middle], value[middle:],
		value + value[len(value)-1:],
		value + "\x00", value + "\u202e",
		value + ", " + value,
		strings.Repeat("A", 100_000),
	}
}

func (s authenticatorSubject) eachDamaged(f func(x *pipeline.Exchange, field, value string)) {
	for field, value := range s.credentials() {
		if len(value) < 4 {
			continue
		}
		for _, damaged := range damages(value) {
			x := s.exchange()
			x.In.Header[field] = []string{damaged}
			f(x, field, damaged)
		}
		x := s.exchange()
		x.In.Header[field] = []string{value[:len(value)-1], value}
		f(x, field, "a damaged value before the good one")
	}
}

func authenticatorRefuses(t testing.TB, s authenticatorSubject) {
	t.Helper()
	a := s.make(t)
	s.eachDamaged(func(x *pipeline.Exchange, field, value string) {
		id, err := a.Authenticate(t.Context(), x)
		if id != nil || err == nil {
			t.Errorf("%s with %.60q proves %+v, %v", field, value, id, err)
			return
		}
		var p *pipeline.Problem
		if errors.As(err, &p) && (p.Status < 400 || p.Status > 499 || !stableCode.MatchString(p.Code)) {
			t.Errorf("%s with %.60q is the Problem %d %q", field, value, p.Status, p.Code)
		}
	})
}

var stableCode = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

func authenticatorIsSilent(t testing.TB, s authenticatorSubject) {
	t.Helper()
	a := s.make(t)
	s.eachDamaged(func(x *pipeline.Exchange, field, value string) {
		_, err := a.Authenticate(t.Context(), x)
		_, secret, _ := strings.Cut(value, " ")
		if secret == "" {
			secret = value
		}
		if err != nil && len(secret) > 6 && strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells the credentials of %s", field)
		}
	})
}

func authenticatorConcurrent(t testing.TB, s authenticatorSubject) {
	t.Helper()
	a := s.make(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				if id, err := a.Authenticate(context.Background(), s.exchange()); err != nil || id == nil {
					t.Errorf("good credentials: %v, %v", id, err)
				}
				if id, err := a.Authenticate(context.Background(), NewExchange(http.MethodGet, "/")); err == nil || id != nil {
					t.Errorf("no credentials: %v, %v", id, err)
				}
			}
		})
	}
	all.Wait()
}

func authenticatorCancelled(t testing.TB, s authenticatorSubject) {
	t.Helper()
	a := s.make(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var id *pipeline.Identity
	var err error
	if !within(patience(t), func() { id, err = a.Authenticate(ctx, s.exchange()) }) {
		t.Fatal("Authenticate did not return")
	}
	if (id == nil) == (err == nil) {
		t.Errorf("want an identity or an error, got %v, %v", id, err)
	}
}
