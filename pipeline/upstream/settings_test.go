package upstream_test

import (
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

var quiet = log.New(io.Discard, "", 0)

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func TestEveryFaultOfTheSettingsIsReported(t *testing.T) {
	t.Parallel()
	noPEM := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(noPEM, []byte("no pem"), 0o600))
	_, err := upstream.New(registry.Upstream{
		Name: "users",
		Endpoints: []registry.Endpoint{
			{URL: "ftp://a"}, {URL: "http://"}, {URL: "http://u:p@a"}, {URL: "http://a?x"}, {URL: "http://a#x"},
			{URL: "http://ok"}, {URL: "http://ok"}, {URL: "http://b", Weight: -1}, {URL: "http://c", Weight: 1001},
			{URL: "http://a b"},
		},
		Host:        "a/b",
		Forward:     registry.Forward{XForwarded: "yes", Forwarded: "no", Via: "x"},
		Connections: registry.Connections{MaxPerEndpoint: -1, IdlePerEndpoint: -1, Idle: -1, MaxAge: -1, HTTP2: "maybe", Client: "curl"},
		Timeouts:    registry.Timeouts{Dial: -1, TLSHandshake: -1, ResponseHead: -1},
		TLS:         registry.UpstreamTLS{CAFile: noPEM},
	}, upstream.Options{})
	faults := registry.AsFaults(err)
	var fields []string
	for _, f := range faults {
		require.Equal(t, "users", f.Upstream)
		fields = append(fields, f.Field)
	}
	require.ElementsMatch(t, []string{
		"/host", "/forward/x_forwarded", "/forward/forwarded", "/forward/via",
		"/connections/http2", "/connections/max_per_endpoint", "/connections/idle_per_endpoint", "/connections/idle",
		"/connections/max_age", "/connections/client",
		"/timeouts/dial", "/timeouts/tls_handshake", "/timeouts/response_head", "/tls/ca_file",
		"/endpoints/0/url", "/endpoints/1/url", "/endpoints/2/url", "/endpoints/3/url", "/endpoints/4/url",
		"/endpoints/6/url", "/endpoints/7/weight", "/endpoints/8/weight", "/endpoints/9/url",
	}, fields)
	require.NotContains(t, err.Error(), "u:p", "what may be a password is not repeated")
}

func TestAMissingAuthorityIsAFault(t *testing.T) {
	t.Parallel()
	_, err := upstream.New(registry.Upstream{TLS: registry.UpstreamTLS{CAFile: "/no/such"}}, upstream.Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
}
