package mask_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
)

// TestOnTheWire has a client of HTTP see what is masked, withheld and cut off.
func TestOnTheWire(t *testing.T) {
	t.Parallel()
	ends := map[string]string{"/good": `}`, "/cut": `,'ssn':"s3cret"}`, "/short": ``}
	backend := func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		body := io.MultiReader(strings.NewReader(`{"a":1,"ssn":"123-45-6789"`), strings.NewReader(ends[x.In.URL.Path]))
		return answer(200, body, "ETag", `"v1"`)(ctx, x)
	}
	s := httptest.NewServer(edge.Handler(pipeline.Chain(backend, stage(t, ssn()))))
	defer s.Close()
	get := func(path string) (*http.Response, string, error) {
		resp, err := s.Client().Get(s.URL + path)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		return resp, string(body), err
	}

	resp, body, err := get("/good")
	require.NoError(t, err)
	require.Equal(t, `{"a":1,"ssn":"***"}`, body)
	require.EqualValues(t, -1, resp.ContentLength)
	require.Empty(t, resp.Header.Get("ETag"))

	for _, path := range []string{"/cut", "/short"} {
		resp, body, err = get(path)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Error(t, err, "%s looks whole: %s", path, body)
		require.NotContains(t, body, "s3cret")
	}
}

func TestWhatIsWithheldIsAProblem(t *testing.T) {
	t.Parallel()
	backend := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{'ssn':'s3cret'}`)
	})
	w := httptest.NewRecorder()
	edge.Handler(pipeline.Chain(gatewaytest.Deliver(backend), stage(t, ssn()))).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	require.Equal(t, http.StatusBadGateway, w.Code)
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	require.JSONEq(t, `{"type":"about:blank","title":"Bad Gateway","status":502,"code":"response_not_judgeable",`+
		`"detail":"The backend's answer has a form that may not be passed on here."}`, w.Body.String())
}
