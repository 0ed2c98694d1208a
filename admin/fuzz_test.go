package admin_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-f9645bd3/gateway/admin"
	"github.com/stretchr/testify/require"
)

func FuzzHost(f *testing.F) {
	for _, host := range []string{"127.0.0.1:1", "[::1]", "localhost", "evil.example", "[", "::", "[::1%25lo]:1", ":"} {
		f.Add(host)
	}
	h := admin.New(control{}, admin.Hosts("admin.internal"))
	f.Fuzz(func(t *testing.T, host string) {
		r := httptest.NewRequest(http.MethodGet, "/livez", nil)
		r.Host = host + ".evil.example"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, http.StatusForbidden, w.Code)
	})
}
