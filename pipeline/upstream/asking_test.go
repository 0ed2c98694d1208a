package upstream_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

// byNetHTTP has net/http's client speak with the endpoints.
func byNetHTTP() upstream.Options {
	return upstream.Options{Transport: func(_ registry.Upstream, base *http.Transport) http.RoundTripper { return base }}
}

// unasked is a body that nobody may read.
type unasked struct{ t testing.TB }

func (b unasked) Read([]byte) (int, error) {
	b.t.Error("the client is asked for its body")
	return 0, errors.New("not asked")
}

func TestAClientIsNotAskedOnceTheBackendHasAnswered(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]upstream.Options{"by net/http": byNetHTTP(), "by default": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t, one("http://"+raw(t, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")), o)
			x := exchange(t, "POST", "/", unasked{t})
			x.In.ContentLength = 5
			x.In.Header.Set("Expect", "100-continue")
			resp, err := u.Serve(t.Context(), x)
			require.NoError(t, err)
			require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, "no", string(body))
			require.NoError(t, resp.Body.Close())
			require.NoError(t, x.Finish(&pipeline.Summary{}))
		})
	}
}

func TestAClientIsAskedByTheBackend(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]upstream.Options{"by net/http": byNetHTTP(), "by default": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body) // asks
				if err == nil {
					write(w, string(body))
				}
			})
			x := exchange(t, "POST", "/", strings.NewReader("hello"))
			x.In.ContentLength = 5
			x.In.Header.Set("Expect", "100-continue")
			_, body := answer(t, newUpstream(t, one(backend(t, h)), o).Serve, x)
			require.Equal(t, "hello", body)
		})
	}
}
