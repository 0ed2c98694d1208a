package edge_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/seed-f9645bd3/gateway/registry"
)

func ExampleNew() {
	whoami := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, http.StatusOK, "text/plain", []byte(x.Client.String()+" "+x.In.URL.Path)), nil
	}
	e, err := edge.New(whoami, edge.Options{
		Inbound: registry.Inbound{TrustedProxies: []string{"192.0.2.0/24"}},
		Via:     "gateway",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest(http.MethodGet, "/a/../users/%7Eanna", nil) // from 192.0.2.1
	r.Header.Set("X-Forwarded-For", "203.0.113.7")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output: 200 203.0.113.7 /users/~anna
}

func ExampleHandler() {
	closed := func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		return nil, pipeline.Refuse(http.StatusForbidden, "closed", "Come back tomorrow.")
	}
	w := httptest.NewRecorder()
	edge.Handler(closed).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	fmt.Print(w.Code, " ", w.Body)
	// Output: 403 {"type":"about:blank","title":"Forbidden","status":403,"detail":"Come back tomorrow.","code":"closed"}
}

func ExampleCanonical() {
	fmt.Println(edge.Canonical("/public/%2e%2e/admin/%7eroot"))
	fmt.Println(edge.Canonical("/public%2fadmin"))
	// Output:
	// /admin/~root <nil>
	//  path in an odd spelling: encoded_slash
}

func ExampleIdentityFields() {
	fmt.Println(edge.IdentityFields()[:3])
	// Output: [X-Consumer* X-Subscription* X-Authenticated-*]
}
