package mask_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform/mask"
)

func stage(t testing.TB, c mask.Config) pipeline.Stage {
	t.Helper()
	return gatewaytest.BuildPolicy(t, mask.Kind(), mask.Policy(c))[0]
}

func ssn() mask.Config { return mask.Config{Fields: []string{"ssn"}} }

// answer returns a handler that answers with a body of unknown length; fields
// are names and values.
func answer(status int, body io.Reader, fields ...string) pipeline.Handler {
	return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, status, "application/json", nil)
		resp.Body, resp.ContentLength = io.NopCloser(body), -1
		for i := 0; i < len(fields); i += 2 {
			resp.Header.Del(fields[i])
			if fields[i+1] != "" {
				resp.Header.Set(fields[i], fields[i+1])
			}
		}
		return resp, nil
	}
}

func run(t testing.TB, c mask.Config, body string, opts ...gatewaytest.Option) gatewaytest.Result {
	t.Helper()
	next := gatewaytest.Next(answer(http.StatusOK, strings.NewReader(body)))
	return gatewaytest.Run(t, stage(t, c), gatewaytest.NewExchange("GET", "/"), append([]gatewaytest.Option{next}, opts...)...)
}
