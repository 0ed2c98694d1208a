package authn_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// byField believes the field X-Staff: fit for an example, and for nothing else.
type byField struct{}

func (byField) Authenticate(_ context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	name := x.In.Header.Get("X-Staff")
	if name == "" {
		return nil, authn.ErrNoCredentials
	}
	return &pipeline.Identity{Subject: name, Scheme: "staff"}, nil
}

// request sends a request with the fields through the stage and prints what
// becomes of it.
func request(stage pipeline.Stage, staff string) {
	x := &pipeline.Exchange{In: httptest.NewRequest(http.MethodGet, "/", nil)}
	if staff != "" {
		x.In.Header.Set("X-Staff", staff)
	}
	h := stage.Wrap(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, http.StatusOK, "", nil), nil
	})
	if _, err := h(context.Background(), x); err != nil {
		fmt.Println(err)
		return
	}
	if x.Identity == nil {
		fmt.Println("nobody")
		return
	}
	fmt.Println(x.Identity.Subject)
}

func ExampleStage() {
	stage := authn.Stage(byField{})
	request(stage, "alice")
	request(stage, "")
	// Output:
	// alice
	// 401 credentials_missing
}

func ExampleFirst() {
	stage := authn.Stage(authn.First(authn.First(), byField{}))
	request(stage, "alice")
	// Output: alice
}

func ExampleAll() {
	stage := authn.Stage(authn.All(byField{}, authn.First()))
	request(stage, "alice")
	// Output: 401 credentials_missing
}

func ExampleOptional() {
	stage := authn.Stage(authn.Optional(byField{}))
	request(stage, "")
	// Output: nobody
}

func ExamplePolicy() {
	p := authn.Policy(authn.Config{AnyOf: []registry.Policy{registry.NewPolicy("api_key", struct{}{})}})
	fmt.Println(p, string(p.Config))
	// Output: authenticate {"any_of":[{"api_key":{}}]}
}

// byBadge knows one badge. It finds what it judges in a step of its own, so
// that a Throttle can tell badges apart.
type byBadge struct{}

func (b byBadge) Authenticate(ctx context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	f, err := b.Find(x)
	if err != nil {
		return nil, err
	}
	return b.Judge(ctx, x, f)
}

func (byBadge) Find(x *pipeline.Exchange) (authn.Found, error) {
	number := x.In.Header.Get("X-Staff")
	if number == "" {
		return authn.Found{}, authn.ErrNoCredentials
	}
	return authn.Found{Credential: number}, nil
}

func (byBadge) Judge(_ context.Context, _ *pipeline.Exchange, f authn.Found) (*pipeline.Identity, error) {
	if f.Credential != "4711" {
		return nil, pipeline.Refuse(http.StatusUnauthorized, "badge_unknown", "")
	}
	return &pipeline.Identity{Subject: "alice", Scheme: "badge"}, nil
}

func ExampleThrottled() {
	limits, err := authn.NewThrottle(authn.ThrottleConfig{Address: 3})
	if err != nil {
		panic(err)
	}
	stage := authn.Stage(authn.Throttled(byBadge{}, limits))
	request(stage, "1")
	request(stage, "4711") // good, beside a failure
	request(stage, "2")
	request(stage, "3")
	request(stage, "4")
	request(stage, "4711")
	// Output:
	// 401 badge_unknown
	// alice
	// 401 badge_unknown
	// 401 badge_unknown
	// 429 authentication_throttled: too many failed attempts by address
	// alice
}
