package registry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
)

func TestABoundOfAgeThatWouldNotCountIsAFault(t *testing.T) {
	t.Parallel()
	minute := registry.Duration(time.Minute)
	for _, c := range []struct {
		name, url string
		c         registry.Connections
		fields    []string
	}{
		{"our own client counts the age", "http://a", registry.Connections{MaxAge: minute}, nil},
		{"also under TLS", "https://a", registry.Connections{MaxAge: minute, HTTP2: "off", Client: "direct"}, nil},
		{"net/http does not", "http://a", registry.Connections{MaxAge: minute, Client: "net_http"}, []string{"/connections/max_age"}},
		{"nor HTTP/2", "https://a", registry.Connections{MaxAge: minute}, []string{"/connections/max_age"}},
		{"a negative one", "http://a", registry.Connections{MaxAge: -1}, []string{"/connections/max_age"}},
		{"another client", "http://a", registry.Connections{Client: "curl"}, []string{"/connections/client"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := registry.Validate(&registry.Snapshot{Version: "1", Environment: "test", Upstreams: []registry.Upstream{
				{Name: "users", Endpoints: []registry.Endpoint{{URL: c.url}}, Connections: c.c},
			}})
			require.Equal(t, c.fields, fieldsOf(err))
		})
	}
}

func TestWhatIsNoPairOfAClientIsAFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		tls    registry.UpstreamTLS
		fields []string
	}{
		{"both", registry.UpstreamTLS{CertFile: "a.pem", KeyFile: "a.key"}, nil},
		{"no key", registry.UpstreamTLS{CertFile: "a.pem"}, []string{"/tls/key_file"}},
		{"a key in place of its file", registry.UpstreamTLS{CertFile: "a.pem", KeyFile: "-----BEGIN PRIVATE KEY-----"}, []string{"/tls/key_file"}},
		{"no certificate", registry.UpstreamTLS{KeyFile: "a.key"}, []string{"/tls/cert_file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := registry.Validate(&registry.Snapshot{Version: "1", Environment: "test", Upstreams: []registry.Upstream{
				{Name: "users", Endpoints: []registry.Endpoint{{URL: "https://a"}}, TLS: c.tls},
			}})
			require.Equal(t, c.fields, fieldsOf(err))
		})
	}
}
