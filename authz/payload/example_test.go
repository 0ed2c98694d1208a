package payload_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-f9645bd3/gateway/authz/payload"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

func ExampleNew() {
	stage, err := payload.New("payload", payload.Config{JSON: payload.JSON{Depth: 4}})
	if err != nil {
		fmt.Println(err)
		return
	}
	backend := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, http.StatusOK, "", nil), nil
	}
	for _, body := range []string{`{"id":1}`, `{"id":1,"id":2}`, `[[[[[1]]]]]`} {
		in := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		in.Header.Set("Content-Type", "application/json")
		_, err := stage.Wrap(backend)(context.Background(), &pipeline.Exchange{In: in})
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// 422 payload_duplicate_key: json.duplicate_keys at byte 11: two members of one name
	// 422 payload_too_deep: json.depth at byte 4: nested deeper than allowed
}

func ExamplePolicy() {
	p := payload.Policy(payload.Config{ContentTypes: payload.ContentTypes{Other: "refuse"}})
	fmt.Println(p, string(p.Config))
	// Output: payload {"content_types":{"other":"refuse"}}
}
