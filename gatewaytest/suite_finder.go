package gatewaytest

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// authenticatorFinds holds one that is an authn.Finder to its two steps: they
// come to what the one step does, and the first tells credentials apart.
func authenticatorFinds(t testing.TB, s authenticatorSubject) {
	t.Helper()
	a := s.make(t)
	f, ok := a.(authn.Finder)
	if !ok {
		return
	}
	x := s.exchange()
	before := look(x.In)
	good, err := f.Find(x)
	if err != nil || good.Credential == "" {
		t.Fatalf("in good credentials is found %v, %v", good, err)
	}
	if look(x.In) != before {
		t.Error("the request was altered where nothing was judged yet")
	}
	id, err := f.Judge(t.Context(), x, good)
	want, _ := a.Authenticate(t.Context(), s.exchange())
	if err != nil || !reflect.DeepEqual(id, want) {
		t.Errorf("what was found is judged to be %+v, %v, and the request %+v", id, err, want)
	}
	s.eachDamaged(func(x *pipeline.Exchange, field, value string) {
		_, want := a.Authenticate(t.Context(), x)
		found, err := f.Find(x)
		if err == nil && found == good {
			t.Errorf("%s with %.60q is taken for the good credential", field, value)
		}
		if err == nil {
			_, err = f.Judge(context.Background(), x, found)
		}
		if pipeline.Code(err) != pipeline.Code(want) || errors.Is(err, authn.ErrNoCredentials) != errors.Is(want, authn.ErrNoCredentials) {
			t.Errorf("%s with %.60q is refused in two steps by %v, and in one by %v", field, value, err, want)
		}
	})
}
