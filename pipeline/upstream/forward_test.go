package upstream_test

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestWhatABackendIsToldOfTheClient(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		all := []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Via", "User-Agent"}
		for _, c := range []struct {
			name    string
			forward registry.Forward
			alter   func(x *pipeline.Exchange)
			want    map[string]string
		}{
			{"by default", registry.Forward{}, func(*pipeline.Exchange) {}, map[string]string{
				"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Host": "example.com", "X-Forwarded-Proto": "http", "Via": "1.1 edge",
			}},
			{"behind a trusted proxy", registry.Forward{Forwarded: "on"}, func(x *pipeline.Exchange) {
				x.Client, x.Scheme = netip.MustParseAddr("203.0.113.7"), "https"
				x.In.Header["X-Forwarded-For"] = []string{"198.51.100.1", "203.0.113.7"}
				x.In.Header["Forwarded"] = []string{"for=203.0.113.7"}
				x.In.Header["X-Forwarded-Host"] = []string{"public.test"}
				x.In.Header["Via"] = []string{"2.0 outer"}
			}, map[string]string{
				"X-Forwarded-For":  "198.51.100.1, 203.0.113.7, 192.0.2.1",
				"X-Forwarded-Host": "public.test", "X-Forwarded-Proto": "https", "Via": "2.0 outer, 1.1 edge",
				"Forwarded": "for=203.0.113.7, for=192.0.2.1;host=example.com;proto=https",
			}},
			{"an IPv6 client and a port are quoted", registry.Forward{Forwarded: "on"}, func(x *pipeline.Exchange) {
				x.Client, x.In.Host = netip.MustParseAddr("2001:db8::1"), "example.com:8443"
				x.In.ProtoMajor, x.In.ProtoMinor = 2, 0
			}, map[string]string{
				"X-Forwarded-For": "2001:db8::1", "X-Forwarded-Host": "example.com:8443", "X-Forwarded-Proto": "http",
				"Forwarded": `for="[2001:db8::1]";host="example.com:8443";proto=http`, "Via": "2.0 edge",
			}},
			{"an IPv4 address in IPv6 form is IPv4", registry.Forward{}, func(x *pipeline.Exchange) {
				x.Client = netip.MustParseAddr("::ffff:192.0.2.9")
			}, map[string]string{
				"X-Forwarded-For": "192.0.2.9", "X-Forwarded-Host": "example.com", "X-Forwarded-Proto": "http", "Via": "1.1 edge",
			}},
			{"nothing where all is off", registry.Forward{XForwarded: "off", Via: "off"}, func(x *pipeline.Exchange) {
				x.In.Header["X-Forwarded-For"] = []string{"198.51.100.1"}
				x.In.Header["Forwarded"] = []string{"for=198.51.100.1"}
			}, map[string]string{}},
			{"the client's own agent", registry.Forward{XForwarded: "off", Via: "off"}, func(x *pipeline.Exchange) {
				x.In.Header["User-Agent"] = []string{"curl/8"}
			}, map[string]string{"User-Agent": "curl/8"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				got := map[string]string{}
				h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					for _, field := range all {
						if values, ok := r.Header[field]; ok {
							got[field] = strings.Join(values, "|")
						}
					}
				})
				settings := one(backend(t, h))
				settings.Forward = c.forward
				x := exchange(t, "GET", "http://example.com/", nil)
				c.alter(x)
				before := x.In.Header.Clone()
				answer(t, newUpstream(t, by(client, settings), upstream.Options{Via: "edge"}).Serve, x)
				require.Equal(t, c.want, got)
				require.Equal(t, before, x.In.Header, "what came in stays whole")
			})
		}
	})
}

func TestWhichHostAndPathABackendGets(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { write(w, r.Host+" "+r.RequestURI) })
		url := backend(t, h)
		own := strings.TrimPrefix(url, "http://")
		for _, c := range []struct{ name, host, prefix, method, target, want string }{
			{"its own host by default", "", "", "GET", "/a", own + " /a"},
			{"its own host by name", "endpoint", "", "GET", "/a", own + " /a"},
			{"the client's", "preserve", "", "GET", "http://public.test/a", "public.test /a"},
			{"a literal one", "internal.test:99", "", "GET", "/a", "internal.test:99 /a"},
			{"a path in front, encoding kept", "", "/v%2F1/", "GET", "/a%2Fb/c%20d?x=%41&;", own + " /v%2F1/a%2Fb/c%20d?x=%41&;"},
			{"an empty query is kept", "", "", "GET", "/a?", own + " /a?"},
			{"the root", "", "/v1", "GET", "/", own + " /v1/"},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				settings := one(url + c.prefix)
				settings.Host = c.host
				_, body := answer(t, newUpstream(t, by(client, settings), upstream.Options{}).Serve, exchange(t, c.method, c.target, nil))
				require.Equal(t, c.want, body)
			})
		}
	})
}

func TestEditsAndParametersReachAHandler(t *testing.T) {
	t.Parallel()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		write(w, r.PathValue("id")+" "+r.Header.Get("X-Set")+" "+r.URL.Path+" "+r.RemoteAddr+" "+r.Header.Get("Via")+" "+r.Host)
	})
	x := exchange(t, "GET", "http://example.com/users/7", nil)
	x.SetParams([]string{"id"}, &[pipeline.MaxParams]string{"7"})
	x.Set("X-Set", "yes")
	x.SetTarget("/u/7")
	up := newUpstream(t, registry.Upstream{}, upstream.Options{Handler: h})
	_, body := answer(t, up.Serve, x)
	require.Equal(t, "7 yes /u/7 192.0.2.1:4711 1.1 gateway example.com", body)
}

func TestTheLengthFitsTheBodyThatIsSent(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		write(w, fmt.Sprintf("%s %d %s", r.Header.Get("Content-Length"), r.ContentLength, body))
	}
	onBothForms(t, h, func(t *testing.T, serve pipeline.Handler) {
		for _, c := range []struct {
			name, want string
			alter      func(x *pipeline.Exchange)
		}{
			{"as it came", "4 4 body", func(*pipeline.Exchange) {}},
			{"replaced", "3 3 new", func(x *pipeline.Exchange) { x.SetBody(io.NopCloser(strings.NewReader("new")), 3) }},
			{"replaced by one of unknown length", " -1 new", func(x *pipeline.Exchange) {
				x.SetBody(io.NopCloser(strings.NewReader("new")), -1)
			}},
			{"kept", "4 4 body", func(x *pipeline.Exchange) { require.True(t, x.Replayable(10)) }},
		} {
			t.Run(c.name, func(t *testing.T) {
				x := exchange(t, "PUT", "/", strings.NewReader("body"))
				x.In.Header.Set("Content-Length", "4")
				c.alter(x)
				_, body := answer(t, serve, x)
				require.Equal(t, c.want, body)
			})
		}
	})
}

func TestAClientThatAsksFirstIsAnsweredByTheBackend(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusExpectationFailed) })
		x := exchange(t, "PUT", "/", nil)
		x.In.Header.Set("Expect", "100-continue")
		x.In.ContentLength = 4
		x.In.Body = io.NopCloser(unread{t})
		resp, _ := answer(t, overNetwork(t, client, h).Serve, x)
		require.Equal(t, http.StatusExpectationFailed, resp.StatusCode)
	})
}

type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was asked for")
	return 0, io.EOF
}
