package upstream_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

// nobody returns an address at which nobody listens.
func nobody(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return "http://" + l.Addr().String()
}

func TestHowABackendFails(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		for _, c := range []struct {
			name string
			url  func(t *testing.T) string
			kind string
			sent bool
		}{
			{"nobody listens", func(t *testing.T) string { return nobody(t) }, pipeline.UpstreamConnect, false},
			{"no TLS is spoken", func(t *testing.T) string { return "https://" + raw(t, "") }, pipeline.UpstreamConnect, false},
			{"the certificate is not trusted", func(t *testing.T) string {
				s := httptest.NewUnstartedServer(http.NotFoundHandler())
				s.Config.ErrorLog = quiet
				s.StartTLS()
				t.Cleanup(s.Close)
				return s.URL
			}, pipeline.UpstreamConnect, false},
			{"the connection is closed after the request", func(t *testing.T) string { return "http://" + raw(t, "") }, pipeline.UpstreamReset, true},
			{"the status is none", func(t *testing.T) string {
				return "http://" + raw(t, "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n")
			}, pipeline.UpstreamMalformed, true},
			{"the head is cut off", func(t *testing.T) string { return "http://" + raw(t, "HTTP/1.1 200 OK\r\nX: ") }, pipeline.UpstreamReset, true},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				x := exchange(t, "POST", "/", strings.NewReader("body"))
				u := fails(t, newUpstream(t, by(client, one(c.url(t))), upstream.Options{}).Serve, x)
				require.Equal(t, c.kind, u.Kind, u.Error())
				require.Equal(t, c.sent, u.Sent, u.Error())
			})
		}
	})
}

func TestNoEndpointIsNotReady(t *testing.T) {
	t.Parallel()
	u := fails(t, newUpstream(t, registry.Upstream{}, upstream.Options{}).Serve, exchange(t, "GET", "/", nil))
	require.Equal(t, pipeline.UpstreamNoneReady, u.Kind)
	require.False(t, u.Sent)
}

func TestALateHeadByTheUpstreamsOwnBound(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		settings := one(backend(t, h))
		settings.Timeouts.ResponseHead = registry.Duration(20 * time.Millisecond)
		u := fails(t, newUpstream(t, by(client, settings), upstream.Options{}).Serve, exchange(t, "GET", "/", nil))
		require.Equal(t, pipeline.UpstreamTimeout, u.Kind)
		require.True(t, u.Sent)
	})
}

func TestADeadlineInThePastSendsNothing(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		x := exchange(t, "GET", "/", nil)
		x.Deadline = time.Now().Add(-time.Second)
		u := fails(t, overNetwork(t, client, unexpected(t)).Serve, x)
		require.Equal(t, pipeline.UpstreamTimeout, u.Kind)
		require.False(t, u.Sent)
	})
}

func unexpected(t testing.TB) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request came") })
}

func TestAFullEndpointIsOverloaded(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		entered := make(chan struct{})
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(entered)
			<-r.Context().Done()
		})
		settings := one(backend(t, h))
		settings.Connections.MaxPerEndpoint = 1
		settings.Timeouts.Dial, settings.Timeouts.TLSHandshake = registry.Duration(200*time.Millisecond), 1
		up := newUpstream(t, by(client, settings), upstream.Options{})
		ctx, leave := context.WithCancel(t.Context())
		first := make(chan error)
		go func() {
			_, err := up.Serve(ctx, exchange(t, "GET", "/", nil))
			first <- err
		}()
		<-entered
		hurried := exchange(t, "GET", "/", nil)
		hurried.Hasten(time.Now().Add(20 * time.Millisecond))
		for _, x := range []*pipeline.Exchange{hurried, exchange(t, "GET", "/", nil)} {
			u := fails(t, up.Serve, x)
			require.Equal(t, pipeline.UpstreamOverloaded, u.Kind)
			require.False(t, u.Sent)
		}
		leave()
		require.ErrorIs(t, <-first, context.Canceled)
	})
}

// A step is how far a transport comes before it fails.
type step func(r *http.Request, base *http.Transport, trace *httptrace.ClientTrace)

func TestWhetherARequestMayHaveBeenSent(t *testing.T) {
	t.Parallel()
	address := strings.TrimPrefix(backend(t, http.NotFoundHandler()), "http://")
	dial := func(r *http.Request, base *http.Transport) net.Conn {
		c, err := base.DialContext(r.Context(), "tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	for _, c := range []struct {
		name string
		step step
		kind string
		sent bool
	}{
		{"a transport that does not tell", func(*http.Request, *http.Transport, *httptrace.ClientTrace) {}, pipeline.UpstreamReset, true},
		{"no connection was got", func(_ *http.Request, _ *http.Transport, trace *httptrace.ClientTrace) {
			trace.GetConn(address)
		}, pipeline.UpstreamConnect, false},
		{"a stale connection on which nothing was written", func(r *http.Request, base *http.Transport, trace *httptrace.ClientTrace) {
			trace.GetConn(address)
			trace.GotConn(httptrace.GotConnInfo{Conn: dial(r, base), Reused: true})
		}, pipeline.UpstreamReset, false},
		{"a connection on which something was written", func(r *http.Request, base *http.Transport, trace *httptrace.ClientTrace) {
			trace.GetConn(address)
			conn := dial(r, base)
			trace.GotConn(httptrace.GotConnInfo{Conn: conn})
			write(conn, "P")
		}, pipeline.UpstreamReset, true},
		{"a connection of another kind", func(r *http.Request, base *http.Transport, trace *httptrace.ClientTrace) {
			trace.GetConn(address)
			trace.GotConn(httptrace.GotConnInfo{Conn: struct{ net.Conn }{dial(r, base)}})
		}, pipeline.UpstreamReset, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up := newUpstream(t, one("http://"+address), upstream.Options{
				Transport: func(_ registry.Upstream, base *http.Transport) http.RoundTripper {
					return roundTrip(func(r *http.Request) (*http.Response, error) {
						c.step(r, base, httptrace.ContextClientTrace(r.Context()))
						return nil, errors.New("broken")
					})
				},
			})
			u := fails(t, up.Serve, exchange(t, "POST", "/", strings.NewReader("body")))
			require.Equal(t, c.kind, u.Kind)
			require.Equal(t, c.sent, u.Sent)
		})
	}
}

func TestAPanicOfAHandlerIsAReset(t *testing.T) {
	t.Parallel()
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		write(w, "never seen")
		panic("boom")
	})
	var log strings.Builder
	up := newUpstream(t, registry.Upstream{}, upstream.Options{Handler: h, Log: logTo(&log)})
	x := exchange(t, "GET", "/", nil)
	u := fails(t, up.Serve, x)
	require.Equal(t, pipeline.UpstreamReset, u.Kind)
	require.True(t, u.Sent)
	require.Len(t, x.Attempts(), 1)
	require.NoError(t, x.Finish(&pipeline.Summary{}))
	require.Contains(t, log.String(), "boom")
}

func TestAHandlerThatWaitsForASilentClientIsLetGo(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		w.(http.Flusher).Flush()
		_, _ = io.ReadAll(r.Body)
		_, _ = io.Copy(w, endless{})
	})
	up, talk := io.Pipe()
	x := exchange(t, "POST", "/", up)
	x.In.ContentLength = -1
	resp, err := upstream.Handler(h)(t.Context(), x)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.NoError(t, x.Finish(&pipeline.Summary{}))
	<-ended
	require.NoError(t, talk.Close())
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestTLSIsVerifiedByTheGivenAuthority(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { write(w, r.Proto) }))
		s.EnableHTTP2 = true
		s.Config.ErrorLog = quiet
		s.StartTLS()
		t.Cleanup(s.Close)
		ca := filepath.Join(t.TempDir(), "ca.pem")
		content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
		require.NoError(t, os.WriteFile(ca, content, 0o600))

		trusting := one(s.URL)
		trusting.TLS.CAFile = ca
		_, body := answer(t, newUpstream(t, by(client, trusting), upstream.Options{}).Serve, exchange(t, "GET", "/", nil))
		require.Equal(t, "HTTP/2.0", body)

		trusting.Connections.HTTP2 = "off"
		_, body = answer(t, newUpstream(t, by(client, trusting), upstream.Options{}).Serve, exchange(t, "GET", "/", nil))
		require.Equal(t, "HTTP/1.1", body)

		trusting.TLS.ServerName = "other.test"
		u := fails(t, newUpstream(t, by(client, trusting), upstream.Options{}).Serve, exchange(t, "GET", "/", nil))
		require.Equal(t, pipeline.UpstreamConnect, u.Kind)
		var wrong *tls.CertificateVerificationError
		require.ErrorAs(t, u, &wrong)
	})
}

func TestInsecureIsSaidAloud(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	settings := registry.Upstream{TLS: registry.UpstreamTLS{InsecureSkipVerify: true}}
	newUpstream(t, settings, upstream.Options{Log: logTo(&log)})
	require.Contains(t, log.String(), "insecure_skip_verify")
	require.Contains(t, log.String(), "level=WARN")
}

func TestRedirectsAndCompressionPassUntouched(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://elsewhere.test/")
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(http.StatusFound)
			write(w, "accept="+r.Header.Get("Accept-Encoding"))
		})
		resp, body := answer(t, overNetwork(t, client, h).Serve, exchange(t, "GET", "/", nil))
		require.Equal(t, http.StatusFound, resp.StatusCode)
		require.Equal(t, "gzip", resp.Header.Get("Content-Encoding"))
		require.Equal(t, "accept=", body)
	})
}

// unsent is a body that begins, and goes on when it is told to.
type unsent struct {
	begun bool
	goOn  chan struct{}
}

func (u *unsent) Read(p []byte) (int, error) {
	if !u.begun {
		u.begun = true
		return copy(p, "begin"), nil
	}
	<-u.goOn
	return copy(p, "end"), io.EOF
}

func (*unsent) Close() error { return nil }

func TestAClientThatIsWaitedForIsNoFailureOfTheBackend(t *testing.T) {
	t.Parallel()
	onBothClients(t, func(t *testing.T, client string) {
		s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
		t.Cleanup(s.Close)
		up := newUpstream(t, by(client, one(s.URL)), upstream.Options{})
		for name, length := range map[string]int64{"of known length": 8, "of unknown length": -1} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				body := &unsent{goOn: make(chan struct{})}
				x := exchange(t, "PUT", "/", body)
				x.In.ContentLength = length
				x.Hasten(time.Now().Add(500 * time.Millisecond)) // a busy machine takes long to begin the body
				defer close(body.goOn)
				_, err := up.Serve(t.Context(), x)
				var p *pipeline.Problem
				require.ErrorAs(t, err, &p)
				require.Equal(t, pipeline.CodeBodyTimeout, p.Code)
				var u *pipeline.UpstreamError
				require.NotErrorAs(t, err, &u)
			})
		}
	})
}
