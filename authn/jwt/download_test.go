package jwt

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatAnIssuerMayAnswer(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"keys":"of another"}`))
	}))
	t.Cleanup(elsewhere.Close)
	answer := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/there" {
				answer(200, "application/json", "{}")(w, r)
				return
			}
			http.Redirect(w, r, to, http.StatusFound)
		}
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		fault  string // empty: taken
	}{
		{"JSON", answer(200, "application/json; charset=utf-8", "{}"), ""},
		{"a key set", answer(200, "application/jwk-set+json", "{}"), ""},
		{"as much as a mebibyte", answer(200, "application/json", strings.Repeat(" ", 1<<20)), ""},
		{"a redirect on the same host", redirect("/there"), ""},
		{"more than a mebibyte", answer(200, "application/json", strings.Repeat(" ", 1<<20+1)), "longer than"},
		{"HTML", answer(200, "text/html", "{}"), "JSON type"},
		{"no type at all", answer(200, "", "{}"), "JSON type"},
		{"another status", answer(500, "application/json", "{}"), "status is 500"},
		{"a status of success without content", answer(204, "application/json", ""), "status is 204"},
		{"a redirect to another host", redirect(elsewhere.URL), "another host"},
		{"a redirect to another scheme", redirect("https://127.0.0.1/"), "another host"},
		{"redirects without end", redirect("/again"), "another host"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(tt.answer)
			t.Cleanup(server.Close)
			_, err := newDownload(Config{JWKSURL: server.URL + "/jwks?code=hidden"}, options{}).get(t.Context())
			if tt.fault == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.fault)
			require.NotContains(t, err.Error(), "hidden")
		})
	}
}

func TestAddressesThatAHostMayResolveTo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		url     string
		private bool
		addr    string
		ok      bool
	}{
		{"a public one", "https://idp.example/", false, "8.8.8.8", true},
		{"a public one of IPv6", "https://idp.example/", false, "2606:4700::1111", true},
		{"a private one", "https://idp.example/", false, "10.0.0.1", false},
		{"another private one", "https://idp.example/", false, "172.16.0.1", false},
		{"a private one, mapped into IPv6", "https://idp.example/", false, "::ffff:192.168.0.1", false},
		{"a unique local one", "https://idp.example/", false, "fd00::1", false},
		{"a link-local one", "https://idp.example/", false, "169.254.169.254", false},
		{"a link-local one of IPv6", "https://idp.example/", false, "fe80::1", false},
		{"loopback", "https://idp.example/", false, "127.0.0.1", false},
		{"loopback of IPv6", "https://idp.example/", false, "::1", false},
		{"the unspecified one", "https://idp.example/", false, "0.0.0.0", false},
		{"one shared by carriers", "https://idp.example/", false, "100.64.0.1", false},
		{"one that carries a private one by NAT64", "https://idp.example/", false, "64:ff9b::a00:1", false},
		{"one that carries a private one by 6to4", "https://idp.example/", false, "2002:a00:1::1", false},
		{"broadcast", "https://idp.example/", false, "255.255.255.255", false},
		{"multicast", "https://idp.example/", false, "224.0.0.1", false},
		{"a private one where allowed", "https://idp.example/", true, "10.0.0.1", true},
		{"the unspecified one is never", "https://idp.example/", true, "0.0.0.0", false},
		{"loopback for a URL of loopback", "http://localhost/", false, "127.0.0.1", true},
		{"loopback of IPv6 for a URL of loopback", "http://[::1]/", false, "::1", true},
		{"another one for a URL of loopback", "http://localhost/", false, "8.8.8.8", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := policyOf(Config{JWKSURL: tt.url, AllowPrivate: tt.private})
			err := p.check(netip.AddrPortFrom(netip.MustParseAddr(tt.addr), 443).String())
			require.Equal(t, tt.ok, err == nil, "%v", err)
		})
	}
}

func TestTheAddressIsJudgedWhereItIsDialled(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	// The policy is that of a public host, which resolves to loopback.
	client := &http.Client{Transport: newTransport(addressPolicy{})}
	resp, err := client.Get(server.URL)
	if err == nil {
		_ = resp.Body.Close()
	}
	require.ErrorContains(t, err, "not public")
}
