package compress_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform"
	"github.com/seed-f9645bd3/gateway/transform/compress"
)

func ExampleNew() {
	compressor, err := compress.New("compress", compress.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	backend := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, 200, "application/json", []byte(strings.Repeat(`{"a":1},`, 1000)))
		resp.Header.Set("ETag", `"v1"`)
		return resp, nil
	}
	serve := pipeline.Chain(backend, transform.Stage("compress", pipeline.Observe, compressor))

	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	x.In.Header.Set("Accept-Encoding", "gzip, br;q=0.5")
	resp, err := serve(context.Background(), x)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Header.Get("Content-Encoding"), resp.Header.Get("Vary"), resp.Header.Get("ETag"))
	// Output: gzip Accept-Encoding W/"v1"
}

func ExamplePolicy() {
	p := compress.Policy(compress.Config{Encodings: []string{"gzip"}, MinLength: 2 * registry.KiB})
	fmt.Println(string(p.Config))
	// Output: {"encodings":["gzip"],"min_length":"2KiB"}
}
