package edge_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/stretchr/testify/require"
)

// TestStreamsThatWouldBeAnotherRequest are refused: net/http lets them pass, and
// in HTTP/1.1 they would be another request.
func TestStreamsThatWouldBeAnotherRequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		alter func(r *http.Request)
		code  string
	}{
		"two lengths":                   {func(r *http.Request) { r.Header["Content-Length"] = []string{"4", "4"} }, pipeline.CodeFieldRefused},
		"a length with a plus":          {func(r *http.Request) { r.Header["Content-Length"] = []string{"+4"} }, pipeline.CodeFieldRefused},
		"a length of another number":    {func(r *http.Request) { r.Header["Content-Length"] = []string{"5"} }, pipeline.CodeFieldRefused},
		"a length without data":         {func(r *http.Request) { r.Header["Content-Length"], r.ContentLength = []string{"4"}, 0 }, pipeline.CodeFieldRefused},
		"data behind a length of zero":  {func(r *http.Request) { r.Header["Content-Length"], r.ContentLength = []string{"0"}, 0 }, pipeline.CodeFieldRefused},
		"another host":                  {func(r *http.Request) { r.Header["Host"] = []string{"other.example"} }, pipeline.CodeHostRefused},
		"the same host twice":           {func(r *http.Request) { r.Header["Host"] = []string{"h.example", "h.example"} }, pipeline.CodeHostRefused},
		"a path in absolute form":       {func(r *http.Request) { r.RequestURI = "http://other.example/" }, pipeline.CodePathRefused},
		"a path with a space":           {func(r *http.Request) { r.RequestURI = "/a b" }, pipeline.CodePathRefused},
		"a path with bytes beyond that": {func(r *http.Request) { r.RequestURI = "/\xc3\xa9" }, pipeline.CodePathRefused},
		"no path":                       {func(r *http.Request) { r.RequestURI = "" }, pipeline.CodePathRefused},
		"nothing of it": {func(r *http.Request) {
			r.Header["Host"], r.Header["Content-Length"] = []string{"H.example"}, []string{"4"}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := edge.New(respond("yes"), edge.Options{})
			require.NoError(t, err)
			r := httptest.NewRequest(http.MethodPost, "/a", strings.NewReader("body"))
			r.Proto, r.ProtoMajor, r.ProtoMinor, r.Host = "HTTP/2.0", 2, 0, "h.example"
			c.alter(r)
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			if c.code == "" {
				require.Equal(t, http.StatusOK, w.Code)
				return
			}
			require.Equal(t, http.StatusBadRequest, w.Code)
			require.Contains(t, w.Body.String(), c.code)
		})
	}
}
