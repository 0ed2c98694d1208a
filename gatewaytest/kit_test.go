package gatewaytest_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestNewExchange(t *testing.T) {
	t.Parallel()
	id := &pipeline.Identity{Subject: "alice"}
	sub := &registry.Subscription{ID: "s"}
	at := time.Unix(1_000_000, 0)
	x := gatewaytest.NewExchange(http.MethodPost, "/users/7?a=b",
		gatewaytest.Header("X-A", "1"), gatewaytest.Header("x-a", "2"), gatewaytest.Body("hello"),
		gatewaytest.Host("api.example"), gatewaytest.Client("10.0.0.1"), gatewaytest.Identity(id),
		gatewaytest.Subscription(sub), gatewaytest.Grant(&pipeline.Grant{PII: true}),
		gatewaytest.Param("id", "7"), gatewaytest.Param("name", "x"), gatewaytest.Deadline(at),
		gatewaytest.Environment("staging"), gatewaytest.Route(&registry.Route{Name: "r"}),
		gatewaytest.TLS(&tls.ConnectionState{}), gatewaytest.Upgrade("WebSocket"))
	require.Equal(t, []string{"1", "2"}, x.In.Header["X-A"])
	require.EqualValues(t, 5, x.In.ContentLength)
	require.Equal(t, "api.example", x.In.Host)
	require.Equal(t, "10.0.0.1", x.Client.String())
	require.Same(t, id, x.Identity)
	require.Same(t, sub, x.Subscription)
	require.True(t, x.Grant.PII)
	require.Equal(t, "7", x.Param("id"))
	require.Equal(t, "x", x.Param("name"))
	require.Equal(t, at, x.Deadline)
	require.Equal(t, "staging", x.Environment)
	require.Equal(t, "r", x.Route.Name)
	require.Equal(t, "https", x.Scheme)
	require.Equal(t, "websocket", x.Upgrade)
	require.Equal(t, "/users/7?a=b", x.Received().Target)

	plain := gatewaytest.NewExchange(http.MethodGet, "/")
	require.Equal(t, "test", plain.Environment)
	require.NotNil(t, plain.Route)
	require.True(t, plain.Client.IsValid())
}

// stage makes one of a function.
func stage(f func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error)) pipeline.Stage {
	return pipeline.Stage{Name: "probe", Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) { return f(ctx, x, next) }
	}}
}

type ender func()

func (e ender) End(*pipeline.Exchange) { e() }

func TestRunTellsAllOfAnExchange(t *testing.T) {
	t.Parallel()
	var ended bool
	recorder := &gatewaytest.Recorder{}
	s := stage(func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
		x.Set("X-Set", "yes")
		x.SetTarget("/other")
		x.SetReply("X-Reply", "yes")
		x.Decide(pipeline.Decision{Stage: "probe", Verdict: pipeline.Pass})
		x.Tried(pipeline.Attempt{Endpoint: "e", Status: 200})
		x.Interim(103, http.Header{"Link": {"<a>"}})
		x.Stalled()
		x.AtEnd(ender(func() { ended = true }))
		return next(ctx, x)
	})
	backend := &gatewaytest.Backend{Status: 201, Body: "made", Header: http.Header{"X-Backend": {"yes"}}}
	got := gatewaytest.Run(t, s, gatewaytest.NewExchange(http.MethodPost, "/a", gatewaytest.Body("hello")),
		gatewaytest.Served(backend), gatewaytest.Recorded(recorder))
	require.NoError(t, got.Err)
	require.Equal(t, 201, got.Status)
	require.Equal(t, "made", got.Body)
	require.Equal(t, "yes", got.Header.Get("X-Reply"))
	require.Equal(t, "yes", got.Header.Get("X-Backend"))
	require.Equal(t, "/other", got.Sent.URL.Path)
	require.Equal(t, "yes", got.Sent.Header.Get("X-Set"))
	require.Equal(t, 1, got.Calls)
	require.Equal(t, pipeline.Pass, got.Decisions[0].Verdict)
	require.Equal(t, "e", got.Attempts[0].Endpoint)
	require.Equal(t, []gatewaytest.Interim{{Status: 103, Header: http.Header{"Link": {"<a>"}}}}, got.Interims)
	require.True(t, got.Stalled)
	require.True(t, ended)
	seen := backend.Last(t)
	require.Equal(t, "hello", seen.Body)
	require.Equal(t, "/other", seen.Target)
	require.Equal(t, "yes", seen.Header.Get("X-Set"))
	require.Len(t, recorder.Ended(), 1)
	require.Equal(t, "route", recorder.Ended()[0].Route)
	require.Equal(t, 201, recorder.Ended()[0].Summary.Status)
}

func TestRunTellsHowItEnds(t *testing.T) {
	t.Parallel()
	fails := func(err error) pipeline.Stage {
		return stage(func(context.Context, *pipeline.Exchange, pipeline.Handler) (*http.Response, error) { return nil, err })
	}
	tests := []struct {
		name, code string
		stage      pipeline.Stage
		status     int
	}{
		{"a refusal", "nope", fails(pipeline.Refuse(403, "nope", "").With("X-Why", "so")), 403},
		{"a backend that fails", pipeline.CodeUpstreamFailed, fails(&pipeline.UpstreamError{Kind: pipeline.UpstreamReset}), 502},
		{"a backend that is not ready", pipeline.CodeUpstreamNotReady, fails(&pipeline.UpstreamError{Kind: pipeline.UpstreamNoneReady}), 503},
		{"a backend that is late", pipeline.CodeUpstreamTimeout, fails(&pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout}), 504},
		{"a client that is gone", pipeline.CodeClientGone, fails(context.Canceled), 499},
		{"anything else", pipeline.CodeInternal, fails(errors.New("broken")), 500},
		{"a panic", pipeline.CodeInternal, stage(func(context.Context, *pipeline.Exchange, pipeline.Handler) (*http.Response, error) {
			panic("always")
		}), 500},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := gatewaytest.Run(t, test.stage, gatewaytest.NewExchange(http.MethodGet, "/"))
			require.Equal(t, test.status, got.Status)
			require.Equal(t, test.code, got.Code)
			require.Error(t, got.Err)
			require.Nil(t, got.Sent)
			require.Zero(t, got.Calls)
			require.Equal(t, test.code == "nope", got.Denied("nope"))
		})
	}
}

func TestRunTakesTheContextOfTheClient(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	waits := stage(func(ctx context.Context, _ *pipeline.Exchange, _ pipeline.Handler) (*http.Response, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	got := gatewaytest.Run(t, waits, gatewaytest.NewExchange(http.MethodGet, "/"), gatewaytest.Context(ctx))
	require.Equal(t, 499, got.Status)
}

func TestRunBoundsTheBodyAsTheEdgeDoes(t *testing.T) {
	t.Parallel()
	limits := stage(func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
		x.LimitBody(5)
		return next(ctx, x)
	})
	reads := gatewaytest.Next(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		body, err := io.ReadAll(x.Out(ctx).Body)
		if err != nil {
			return nil, err
		}
		return pipeline.Respond(x, 200, "", body), nil
	})
	for body, status := range map[string]int{"12345": 200, "123456": 413, "": 200} {
		got := gatewaytest.Run(t, limits, gatewaytest.NewExchange(http.MethodPost, "/", gatewaytest.Body(body)), reads)
		require.Equal(t, status, got.Status, body)
	}
}

func TestDeliver(t *testing.T) {
	t.Parallel()
	through := stage(func(ctx context.Context, x *pipeline.Exchange, next pipeline.Handler) (*http.Response, error) {
		return next(ctx, x)
	})
	abort := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	got := gatewaytest.Run(t, through, gatewaytest.NewExchange(http.MethodGet, "/"), gatewaytest.Served(abort))
	require.Equal(t, 502, got.Status)
	got = gatewaytest.Run(t, through, gatewaytest.NewExchange(http.MethodHead, "/"), gatewaytest.Served(&gatewaytest.Backend{Body: "x"}))
	require.Equal(t, 200, got.Status)
	require.Empty(t, got.Body)
	trailer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		w.Header().Set(http.TrailerPrefix+"X-Sum", "5")
	})
	got = gatewaytest.Run(t, through, gatewaytest.NewExchange(http.MethodGet, "/"), gatewaytest.Served(trailer))
	require.Equal(t, "5", got.Trailer.Get("X-Sum"))
}

type settings struct {
	Name string `json:"name"`
}

func kind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind("probe", func(env *pipeline.Env, c settings) ([]pipeline.Stage, error) {
		h, err := env.Upstream("users")
		if err != nil {
			return nil, err
		}
		if _, err := env.Directory.Credential(context.Background(), [32]byte{}); !errors.Is(err, registry.ErrUnknown) {
			return nil, err
		}
		return []pipeline.Stage{stage(func(ctx context.Context, x *pipeline.Exchange, _ pipeline.Handler) (*http.Response, error) {
			x.SetReply("X-Name", c.Name)
			return h(ctx, x)
		})}, nil
	})
}

func TestBuild(t *testing.T) {
	t.Parallel()
	users := gatewaytest.WithUpstream("users", &gatewaytest.Backend{Body: "users"})
	for _, stages := range [][]pipeline.Stage{
		gatewaytest.Build(t, kind(), `{"name":"n"}`, users),
		gatewaytest.BuildPolicy(t, kind(), registry.NewPolicy("probe", settings{"n"}), users),
	} {
		got := gatewaytest.RunChain(t, stages, gatewaytest.NewExchange(http.MethodGet, "/"))
		require.Equal(t, "users", got.Body)
		require.Equal(t, "n", got.Header.Get("X-Name"))
	}
	_, err := gatewaytest.TryBuild(t, kind(), `{"nmae":"n"}`, users)
	require.ErrorContains(t, err, "nmae")
	_, err = gatewaytest.TryBuild(t, kind(), "", gatewaytest.WithUpstream("user", &gatewaytest.Backend{}))
	require.ErrorContains(t, err, `did you mean "user"?`)
	_, err = gatewaytest.TryBuild(t, kind(), "", users, gatewaytest.WithDirectory(&gatewaytest.Directory{Err: context.DeadlineExceeded}))
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestEnvRunsWhatIsGivenToGo(t *testing.T) {
	t.Parallel()
	ran := make(chan struct{})
	t.Run("inner", func(t *testing.T) {
		gatewaytest.Env(t).Go(func(ctx context.Context) {
			<-ctx.Done()
			close(ran)
		})
	})
	<-ran // joined when the inner test ended
}

func TestFakesDenyAsTheyComeAndAnswerAsTold(t *testing.T) {
	t.Parallel()
	ctx, x := t.Context(), gatewaytest.NewExchange(http.MethodGet, "/")
	broken := errors.New("broken")

	_, err := (&gatewaytest.Authenticator{}).Authenticate(ctx, x)
	require.ErrorIs(t, err, authn.ErrNoCredentials)
	_, err = (&gatewaytest.Authenticator{Err: broken}).Authenticate(ctx, x)
	require.ErrorIs(t, err, broken)
	a := &gatewaytest.Authenticator{Identity: &pipeline.Identity{Subject: "alice"}}
	id, err := a.Authenticate(ctx, x)
	require.NoError(t, err)
	require.Equal(t, "alice", id.Subject)
	require.Equal(t, 1, a.Calls())

	answer, err := (&gatewaytest.Authorizer{}).Authorize(ctx, x)
	require.NoError(t, err)
	require.False(t, answer.Allow)
	z := &gatewaytest.Authorizer{Err: broken}
	_, err = z.Authorize(ctx, x)
	require.ErrorIs(t, err, broken)
	require.Equal(t, 1, z.Calls())

	l := &gatewaytest.Limiter{}
	results := []ratelimit.Result{{Allowed: true}}
	require.NoError(t, l.Take(ctx, []ratelimit.Ask{{Key: "k"}}, results))
	require.False(t, results[0].Allowed)
	require.Equal(t, "k", l.Asks()[0].Key)
	l = &gatewaytest.Limiter{Result: ratelimit.Result{Allowed: true}, Err: broken}
	require.ErrorIs(t, l.Take(ctx, []ratelimit.Ask{{Key: "k"}}, results), broken)
	require.False(t, results[0].Allowed)

	b := &gatewaytest.Balancer{}
	first, err := upstream.NewEndpoint(registry.Endpoint{URL: "http://a.test"})
	require.NoError(t, err)
	require.Same(t, first, b.Pick(x, []*upstream.Endpoint{first, {}}))
	require.Equal(t, 1, b.Calls())

	d := &gatewaytest.Directory{}
	_, err = d.Subscription(ctx, "acme", "users", "test")
	require.ErrorIs(t, err, registry.ErrUnknown)
	require.Equal(t, 1, d.Calls())

	s := &gatewaytest.Store{Err: broken}
	_, err = s.Get(ctx, "k")
	require.ErrorIs(t, err, broken)
	require.ErrorIs(t, s.Set(ctx, "k", nil), broken)
	require.ErrorIs(t, s.Purge(ctx, "t"), broken)
	require.Empty(t, s.Keys())
}

func TestSourcePushes(t *testing.T) {
	t.Parallel()
	s := &gatewaytest.Source{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	bad := errors.New("refused")
	go func() {
		ended <- s.Watch(ctx, func(u registry.Update) error {
			if u.Snapshot == nil {
				return bad
			}
			return nil
		})
	}()
	require.NoError(t, s.Push(registry.Update{Snapshot: &registry.Snapshot{}}))
	require.ErrorIs(t, s.Push(registry.Update{}), bad)
	require.Equal(t, []error{bad}, s.Refused())
	cancel()
	require.NoError(t, <-ended)
	require.ErrorIs(t, s.Push(registry.Update{}), gatewaytest.ErrNotWatched)
	require.ErrorIs(t, (&gatewaytest.Source{Err: bad}).Watch(t.Context(), nil), bad)
}

func TestBackend(t *testing.T) {
	t.Parallel()
	b := &gatewaytest.Backend{Answer: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	})}
	rec := httptest.NewRecorder()
	b.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/a?b", strings.NewReader("hello")))
	require.Equal(t, "hello", rec.Body.String())
	require.Equal(t, "/a?b", b.Last(t).Target)
	require.Equal(t, "hello", b.Last(t).Body)
	require.Len(t, b.Seen(), 1)
}

// verify checks a token against a key set by the letter of RFC 7515 and 7517.
func verify(t testing.TB, token string, set []byte) map[string]any {
	t.Helper()
	var keys struct{ Keys []map[string]string }
	require.NoError(t, json.Unmarshal(set, &keys))
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	var header map[string]any
	require.NoError(t, json.Unmarshal(decode(t, parts[0]), &header))
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature := decode(t, parts[2])
	for _, k := range keys.Keys {
		if k["kid"] != header["kid"] {
			continue
		}
		n := func(name string) *big.Int { return new(big.Int).SetBytes(decode(t, k[name])) }
		switch k["kty"] {
		case "EC":
			point := append(append([]byte{4}, decode(t, k["x"])...), decode(t, k["y"])...)
			key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
			require.NoError(t, err)
			require.True(t, ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])))
		case "RSA":
			key := &rsa.PublicKey{N: n("n"), E: int(n("e").Int64())}
			require.NoError(t, rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature))
		case "OKP":
			require.True(t, ed25519.Verify(decode(t, k["x"]), []byte(parts[0]+"."+parts[1]), signature))
		}
		var claims map[string]any
		require.NoError(t, json.Unmarshal(decode(t, parts[1]), &claims))
		return claims
	}
	return nil
}

func decode(t testing.TB, s string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(s)
	require.NoError(t, err)
	return raw
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"ES256", "RS256", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			p := gatewaytest.NewTokens(t, alg)
			p.Issuer = "https://idp.example"
			p.Now = func() time.Time { return time.Unix(1_000_000, 0) }
			first := p.Token(map[string]any{"scope": "users.read", "sub": nil})
			require.Equal(t, map[string]any{
				"iss": "https://idp.example", "aud": "test", "iat": 1e6, "exp": 1e6 + 300, "scope": "users.read",
			}, verify(t, first, p.KeySet()))
			p.AddKey()
			require.NotNil(t, verify(t, first, p.KeySet()), "the old key is still published")
			require.NotNil(t, verify(t, p.Token(nil), p.KeySet()))
			p.Rotate()
			require.Nil(t, verify(t, first, p.KeySet()), "the old key is gone")
			require.NotNil(t, verify(t, p.Token(nil), p.KeySet()))
			head, _, _ := strings.Cut(p.TokenWith(map[string]any{"typ": "at+jwt", "kid": nil}, nil), ".")
			require.JSONEq(t, `{"alg":"`+alg+`","typ":"at+jwt"}`, string(decode(t, head)))
		})
	}
}

func TestTokensAreServed(t *testing.T) {
	t.Parallel()
	p := gatewaytest.NewTokens(t, "ES256")
	var doc map[string]any
	require.NoError(t, json.Unmarshal(fetch(t, p.URL()+"/.well-known/openid-configuration"), &doc))
	require.Equal(t, p.URL(), doc["issuer"])
	keys := fetch(t, doc["jwks_uri"].(string))
	require.Equal(t, p.URL(), verify(t, p.Token(nil), keys)["iss"])
	require.Equal(t, 1, p.Fetches())
}

func fetch(t testing.TB, url string) []byte {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, "application/json", resp.Header.Get("Content-Type"))
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return raw
}

func TestCA(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewCA(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	server.TLS = &tls.Config{
		Certificates: []tls.Certificate{ca.Server()},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(),
	}
	server.StartTLS()
	defer server.Close()
	alice := ca.Client("alice")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: ca.Pool(), Certificates: []tls.Certificate{alice},
	}}}
	defer client.CloseIdleConnections()
	resp, err := client.Get(server.URL)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "alice", string(body))

	ca.Revoke(alice)
	list, err := x509.ParseRevocationList(ca.CRL())
	require.NoError(t, err)
	require.NoError(t, list.CheckSignatureFrom(ca.Certificate()))
	require.Len(t, list.RevokedCertificateEntries, 1)
	require.Zero(t, alice.Leaf.SerialNumber.Cmp(list.RevokedCertificateEntries[0].SerialNumber))

	certificate, key := gatewaytest.EncodePEM(t, alice)
	pair, err := tls.X509KeyPair(certificate, key)
	require.NoError(t, err)
	require.True(t, bytes.Equal(pair.Certificate[0], alice.Certificate[0]))
	require.Contains(t, string(ca.PEM()), "BEGIN CERTIFICATE")
}
