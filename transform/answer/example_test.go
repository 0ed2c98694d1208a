package answer_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/answer"
)

func ExampleRespond() {
	stage, err := answer.Respond("respond", answer.RespondConfig{Status: 503, Body: "Back at noon."})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	resp, err := pipeline.Chain(nil, stage)(context.Background(), x)
	if err != nil {
		fmt.Println(err)
		return
	}
	body, err := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body), err)
	// Output: 503 Back at noon. <nil>
}

func ExampleRedirect() {
	route := &registry.Route{Match: registry.Match{Path: "/users/{id}"}}
	stage, err := answer.Redirect("redirect", answer.RedirectConfig{To: "/v2/users/{param.id}"}, route)
	if err != nil {
		fmt.Println(err)
		return
	}
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/users/ann%20b?full=1", nil)}
	x.SetParams([]string{"id"}, &[pipeline.MaxParams]string{"ann b"})
	resp, err := pipeline.Chain(nil, stage)(context.Background(), x)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.StatusCode, resp.Header.Get("Location"))
	// Output: 308 /v2/users/ann%20b?full=1
}

func ExampleRespondPolicy() {
	fmt.Println(string(answer.RespondPolicy(answer.RespondConfig{Status: 410}).Config))
	// Output: {"status":410}
}

func ExampleRedirectPolicy() {
	fmt.Println(string(answer.RedirectPolicy(answer.RedirectConfig{To: "/new", Status: 302}).Config))
	// Output: {"status":302,"to":"/new"}
}
