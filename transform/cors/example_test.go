package cors_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform/cors"
)

func ExampleStage() {
	stage, err := cors.Stage("cors", cors.Config{
		Origins: []string{"https://*.example.com"}, Methods: []string{"PUT"}, Headers: []string{"Authorization"},
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	refuse := func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		return nil, pipeline.Refuse(401, "credentials_missing", "")
	}
	serve := pipeline.Chain(refuse, stage)

	x := &pipeline.Exchange{In: httptest.NewRequest("OPTIONS", "/", nil)}
	x.In.Header.Set("Origin", "https://app.example.com")
	x.In.Header.Set("Access-Control-Request-Method", "PUT")
	resp, err := serve(context.Background(), x)
	fmt.Println(resp.StatusCode, resp.Header.Get("Access-Control-Allow-Methods"), err)

	x.In.Method = "PUT"
	_, err = serve(context.Background(), x)
	fmt.Println(x.Reply.Get("Access-Control-Allow-Origin"), err)
	// Output:
	// 204 PUT <nil>
	// https://app.example.com 401 credentials_missing
}

func ExamplePolicy() {
	fmt.Println(string(cors.Policy(cors.Config{Origins: []string{"*"}}).Config))
	// Output: {"origins":["*"]}
}
