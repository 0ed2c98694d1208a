package authz_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// readers lets everybody read.
type readers struct{}

func (readers) Authorize(_ context.Context, x *pipeline.Exchange) (authz.Answer, error) {
	if x.In.Method != http.MethodGet {
		return authz.Answer{Code: "read_only"}, nil
	}
	return authz.Answer{Allow: true, Rule: "read", Grant: &pipeline.Grant{Scopes: []string{"read"}}}, nil
}

// hours lets nobody do anything outside of opening hours.
type hours struct{ open bool }

func (h hours) Authorize(context.Context, *pipeline.Exchange) (authz.Answer, error) {
	return authz.Answer{Allow: h.open, Code: "closed"}, nil
}

func request(stage pipeline.Stage, method string) {
	x := &pipeline.Exchange{In: httptest.NewRequest(method, "/", nil)}
	h := stage.Wrap(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		fmt.Println("granted:", x.Grant.Scopes)
		return pipeline.Respond(x, http.StatusOK, "", nil), nil
	})
	if _, err := h(context.Background(), x); err != nil {
		fmt.Println(err)
	}
}

func ExampleStage() {
	stage := authz.Stage("read", readers{})
	request(stage, http.MethodGet)
	request(stage, http.MethodPost)
	// Output:
	// granted: [read]
	// 403 read_only
}

func ExampleAllOf() {
	request(authz.Stage("read", authz.AllOf(readers{}, hours{open: true})), http.MethodGet)
	request(authz.Stage("read", authz.AllOf(readers{}, hours{})), http.MethodGet)
	// Output:
	// granted: [read]
	// 403 closed
}

func ExampleAnyOf() {
	request(authz.Stage("read", authz.AnyOf(hours{}, readers{})), http.MethodGet)
	// Output: granted: [read]
}

func ExamplePublicPolicy() {
	fmt.Println(authz.PublicPolicy(), authz.DenyPolicy(), authz.HidePolicy(), string(authz.HidePolicy().Config))
	// Output: public deny deny {"hide":true}
}
