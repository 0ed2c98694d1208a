package jwt_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/jwt"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// remote makes an authenticator whose keys are fetched, by the real clock.
func remote(t testing.TB, c jwt.Config, opts ...jwt.Option) authn.Authenticator {
	t.Helper()
	a, err := jwt.New(gatewaytest.Env(t), c, opts...)
	require.NoError(t, err)
	return a
}

func from(client, token string) *pipeline.Exchange {
	return gatewaytest.NewExchange(http.MethodGet, "/a", gatewaytest.Client(client), gatewaytest.Header("Authorization", "Bearer "+token))
}

func TestFiveHundredFirstRequestsAmongAThousandUnknownKeys(t *testing.T) {
	t.Parallel()
	idp := gatewaytest.NewTokens(t, "ES256")
	a := remote(t, published(idp))
	good := idp.Token(nil)
	start := make(chan struct{})
	var all sync.WaitGroup
	var refused, passed atomic.Int64
	for range 500 {
		all.Go(func() {
			<-start
			if _, err := a.Authenticate(context.Background(), from("192.0.2.1", good)); err != nil {
				refused.Add(1)
			}
		})
	}
	for i := range 1000 {
		token := idp.TokenWith(map[string]any{"kid": fmt.Sprintf("unknown-%d", i)}, nil)
		client := fmt.Sprintf("198.51.%d.%d", i%4, i%250)
		all.Go(func() {
			<-start
			if _, err := a.Authenticate(context.Background(), from(client, token)); err == nil {
				passed.Add(1)
			}
		})
	}
	close(start)
	all.Wait()
	require.Zero(t, refused.Load(), "valid tokens were refused")
	require.Zero(t, passed.Load(), "tokens of unknown keys passed")
	require.LessOrEqual(t, idp.Fetches(), 10)
}

func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	idp := gatewaytest.NewTokens(t, "EdDSA")
	a := remote(t, published(idp))
	before := idp.Token(nil)
	_, err := a.Authenticate(t.Context(), bearer(before))
	require.NoError(t, err)

	idp.AddKey()
	_, err = a.Authenticate(t.Context(), bearer(idp.Token(nil)))
	require.NoError(t, err, "a new key is looked for at once")
	_, err = a.Authenticate(t.Context(), bearer(before))
	require.NoError(t, err, "the old key is still published")
	require.Equal(t, 2, idp.Fetches())

	idp.Rotate()
	_, err = a.Authenticate(t.Context(), from("203.0.113.9", idp.Token(nil)))
	require.NoError(t, err)
	_, err = a.Authenticate(t.Context(), bearer(before))
	require.Equal(t, jwt.CodeKeyUnknown, codeOf(t, err), "a key that was withdrawn is no longer good, nor is what was remembered by it")
}

// inBubble runs f in virtual time, with an identity provider that is reached
// without a socket while up says so.
func inBubble(t *testing.T, f func(t *testing.T, idp *gatewaytest.Tokens, up *atomic.Bool, fetches *atomic.Int64, c jwt.Config, opt jwt.Option)) {
	synctest.Test(t, func(t *testing.T) {
		idp := gatewaytest.NewTokens(t, "EdDSA")
		idp.Issuer, idp.Lifetime = issuer, 48*time.Hour
		var up atomic.Bool
		var fetches atomic.Int64
		up.Store(true)
		f(t, idp, &up, &fetches, jwt.Config{Issuer: issuer, Audience: "test", JWKSURL: "https://idp.example/jwks"},
			jwt.Transport(roundTripper(func(req *http.Request) (*http.Response, error) {
				fetches.Add(1)
				if !up.Load() {
					return nil, errors.New("connection refused")
				}
				return inProcess{idp}.RoundTrip(req)
			})))
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestAnIssuerThatIsDownAtTheStart(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, idp *gatewaytest.Tokens, up *atomic.Bool, fetches *atomic.Int64, c jwt.Config, opt jwt.Option) {
		up.Store(false)
		scope := pipeline.NewScope(pipeline.NewPool(), slog.New(slog.DiscardHandler))
		defer scope.Close()
		a, err := jwt.New(scope.Env(pipeline.Workshop{}, nil, ""), c, opt)
		require.NoError(t, err, "it does not keep the route from being taken")
		require.Zero(t, fetches.Load(), "building fetches nothing")
		scope.Start()
		synctest.Wait()
		require.False(t, scope.Ready())
		_, err = a.Authenticate(t.Context(), bearer(idp.Token(nil)))
		var p *pipeline.Problem
		require.ErrorAs(t, err, &p)
		require.Equal(t, http.StatusServiceUnavailable, p.Status)
		require.Equal(t, jwt.CodeKeysUnavailable, p.Code)
		require.NotEmpty(t, p.Header.Get("Retry-After"))
		for range 100 {
			_, err = a.Authenticate(t.Context(), bearer(idp.Token(nil)))
			require.Equal(t, jwt.CodeKeysUnavailable, codeOf(t, err))
		}
		require.EqualValues(t, 1, fetches.Load(), "requests do not hammer an issuer that is down")

		time.Sleep(time.Hour)
		require.Less(t, fetches.Load(), int64(150), "at most about two tries a minute")
		require.Greater(t, fetches.Load(), int64(50))
		up.Store(true)
		time.Sleep(time.Minute)
		require.True(t, scope.Ready())
		_, err = a.Authenticate(t.Context(), bearer(idp.Token(nil)))
		require.NoError(t, err)
	})
}

func TestAnIssuerThatGoesDown(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, idp *gatewaytest.Tokens, up *atomic.Bool, _ *atomic.Int64, c jwt.Config, opt jwt.Option) {
		a := remote(t, c, opt)
		_, err := a.Authenticate(t.Context(), bearer(idp.Token(nil)))
		require.NoError(t, err)
		up.Store(false)
		token := idp.Token(nil)
		time.Sleep(23 * time.Hour)
		_, err = a.Authenticate(t.Context(), bearer(token))
		require.NoError(t, err, "the keys stay good for a day")
		_, err = a.Authenticate(t.Context(), bearer(idp.TokenWith(map[string]any{"kid": "new"}, nil)))
		require.Equal(t, jwt.CodeKeyUnknown, codeOf(t, err))
		time.Sleep(time.Hour + 30*time.Second)
		_, err = a.Authenticate(t.Context(), bearer(token))
		require.Equal(t, jwt.CodeKeysUnavailable, codeOf(t, err), "and no longer, also for what is remembered")
		up.Store(true)
		time.Sleep(time.Minute)
		_, err = a.Authenticate(t.Context(), bearer(token))
		require.NoError(t, err)
	})
}

func TestKeysAreFetchedAheadOfTime(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, idp *gatewaytest.Tokens, _ *atomic.Bool, fetches *atomic.Int64, c jwt.Config, opt jwt.Option) {
		a := remote(t, c, opt)
		token := idp.Token(nil)
		_, err := a.Authenticate(t.Context(), bearer(token))
		require.NoError(t, err)
		idp.Rotate()
		time.Sleep(15 * time.Minute)
		require.EqualValues(t, 2, fetches.Load())
		_, err = a.Authenticate(t.Context(), bearer(token))
		require.Equal(t, jwt.CodeKeyUnknown, codeOf(t, err), "a key that was withdrawn")
		_, err = a.Authenticate(t.Context(), bearer(idp.Token(nil)))
		require.NoError(t, err)
	})
}

func TestUnknownKeysAreLookedForWithinBounds(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, idp *gatewaytest.Tokens, _ *atomic.Bool, fetches *atomic.Int64, c jwt.Config, opt jwt.Option) {
		a := remote(t, c, opt)
		ask := func(client, kid string) int64 {
			before := fetches.Load()
			_, err := a.Authenticate(t.Context(), from(client, idp.TokenWith(map[string]any{"kid": kid}, nil)))
			require.Equal(t, jwt.CodeKeyUnknown, codeOf(t, err))
			return fetches.Load() - before
		}
		synctest.Wait()
		require.EqualValues(t, 1, ask("192.0.2.1", "a"))
		require.EqualValues(t, 0, ask("192.0.2.2", "a"), "nobody looks for it again so soon")
		require.EqualValues(t, 1, ask("192.0.2.1", "b"))
		require.EqualValues(t, 0, ask("192.0.2.1", "c"), "an address has a budget of two")
		require.EqualValues(t, 0, ask("::ffff:192.0.2.1", "d"), "however it is written")
		require.EqualValues(t, 1, ask("2001:db8::1", "e"))
		require.EqualValues(t, 1, ask("2001:db8::2", "f"))
		require.EqualValues(t, 0, ask("2001:db8::3", "g"), "64 bits of IPv6 are one address")
		require.EqualValues(t, 1, ask("192.0.2.3", "h"))
		require.EqualValues(t, 0, ask("192.0.2.4", "i"), "the issuer has a budget of five")
		time.Sleep(11 * time.Second)
		require.EqualValues(t, 1, ask("192.0.2.4", "i"))
		require.EqualValues(t, 0, ask("192.0.2.5", "j"))
	})
}

func TestKnownKeysNeverWait(t *testing.T) {
	t.Parallel()
	idp := gatewaytest.NewTokens(t, "EdDSA")
	second, hold := make(chan struct{}), make(chan struct{})
	var fetches atomic.Int64
	a := remote(t, published(idp), jwt.Transport(roundTripper(func(req *http.Request) (*http.Response, error) {
		if fetches.Add(1) > 1 {
			close(second)
			select {
			case <-hold:
			case <-req.Context().Done():
			}
		}
		return inProcess{idp}.RoundTrip(req)
	})))
	_, err := a.Authenticate(t.Context(), bearer(idp.Token(nil)))
	require.NoError(t, err)
	unknown := make(chan error, 1)
	go func() {
		_, err := a.Authenticate(context.Background(), bearer(idp.TokenWith(map[string]any{"kid": "x"}, nil)))
		unknown <- err
	}()
	<-second
	_, err = a.Authenticate(t.Context(), bearer(idp.Token(map[string]any{"jti": "another"})))
	require.NoError(t, err)
	select {
	case <-unknown:
		require.Fail(t, "the unknown key did not wait")
	default:
	}
	close(hold)
	require.Equal(t, jwt.CodeKeyUnknown, codeOf(t, <-unknown))
}

func TestAWaitEndsWithTheClientAndTheDeadline(t *testing.T) {
	t.Parallel()
	idp := gatewaytest.NewTokens(t, "EdDSA")
	a := remote(t, published(idp), jwt.Transport(roundTripper(func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	})))
	x := bearer(idp.Token(nil))
	x.Hasten(time.Now())
	_, err := a.Authenticate(t.Context(), x)
	require.Equal(t, jwt.CodeKeysUnavailable, codeOf(t, err))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = a.Authenticate(gone, bearer(idp.Token(nil)))
	require.Equal(t, jwt.CodeKeysUnavailable, codeOf(t, err))
}

func TestRoutesShareKeysAndVerifiedTokens(t *testing.T) {
	t.Parallel()
	idp := gatewaytest.NewTokens(t, "EdDSA")
	pool := pipeline.NewPool()
	token := idp.Token(nil)
	var scopes []*pipeline.Scope
	for i := range 20 {
		c := published(idp)
		c.Forward = i%2 == 0
		scope := pipeline.NewScope(pool, slog.New(slog.DiscardHandler))
		a, err := jwt.New(scope.Env(pipeline.Workshop{}, nil, ""), c)
		require.NoError(t, err)
		scope.Start()
		scopes = append(scopes, scope)
		_, err = a.Authenticate(t.Context(), bearer(token))
		require.NoError(t, err)
	}
	require.Equal(t, 1, idp.Fetches())
	require.Equal(t, 3, pool.Len(), "one key set, and a cache for each of two settings")
	for _, scope := range scopes {
		scope.Close()
	}
	require.Zero(t, pool.Len())
}

func TestARememberedTokenEnds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		ttl  time.Duration
		past time.Duration
		code string
	}{
		{"not before its end", time.Hour, 4 * time.Minute, ""},
		{"with its end and the leeway", time.Hour, 5*time.Minute + 31*time.Second, jwt.CodeExpired},
		{"and is verified anew after the TTL", time.Second, 4 * time.Minute, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var past atomic.Int64
			clock := jwt.Now(func() time.Time { return atNoon().Add(time.Duration(past.Load())) })
			a, err := jwt.New(gatewaytest.Env(t), jwt.Config{Issuer: issuer, Audience: audience, JWKSFile: keyFile(t),
				Cache: jwt.CacheConfig{TTL: registry.Duration(tt.ttl), MaxEntries: 1}}, clock)
			require.NoError(t, err)
			token := goodToken(nil)
			first, err := a.Authenticate(t.Context(), bearer(token))
			require.NoError(t, err)
			again, err := a.Authenticate(t.Context(), bearer(token))
			require.NoError(t, err)
			require.Same(t, first, again)
			past.Store(int64(tt.past))
			later, err := a.Authenticate(t.Context(), bearer(token))
			require.Equal(t, tt.code, codeOf(t, err))
			if tt.ttl < tt.past && tt.code == "" {
				require.NotSame(t, first, later)
			}
		})
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	a := authenticator(t, jwt.Config{Cache: jwt.CacheConfig{MaxEntries: 4}})
	var tokens []string
	kept := map[*pipeline.Identity]bool{}
	for i := range 20 {
		tokens = append(tokens, goodToken(map[string]any{"jti": fmt.Sprint(i)}))
		id, err := a.Authenticate(t.Context(), bearer(tokens[i]))
		require.NoError(t, err)
		kept[id] = true
	}
	hits := 0
	for i := range tokens {
		id, err := a.Authenticate(t.Context(), bearer(tokens[len(tokens)-1-i]))
		require.NoError(t, err)
		if kept[id] {
			hits++
		}
	}
	require.LessOrEqual(t, hits, 4)
	require.NotZero(t, hits)
}

func TestAFetchThatGoesWrong(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		takes time.Duration
		fetch func(req *http.Request) (*http.Response, error)
	}{
		{"takes five seconds at most", 5 * time.Second, func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}},
		{"panics, and is tried again", 0, func(*http.Request) (*http.Response, error) { panic("no transport") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, idp *gatewaytest.Tokens, _ *atomic.Bool, _ *atomic.Int64, c jwt.Config, _ jwt.Option) {
				var healed atomic.Bool
				a := remote(t, c, jwt.Transport(roundTripper(func(req *http.Request) (*http.Response, error) {
					if healed.Load() {
						return inProcess{idp}.RoundTrip(req)
					}
					return tt.fetch(req)
				})))
				start := time.Now()
				_, err := a.Authenticate(t.Context(), bearer(idp.Token(nil)))
				require.Equal(t, jwt.CodeKeysUnavailable, codeOf(t, err))
				require.Equal(t, tt.takes, time.Since(start))
				healed.Store(true)
				time.Sleep(10 * time.Second)
				_, err = a.Authenticate(t.Context(), bearer(idp.Token(nil)))
				require.NoError(t, err)
			})
		})
	}
}

func TestAKeySetThatDoesNotHoldLeavesTheOneBefore(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, idp *gatewaytest.Tokens, _ *atomic.Bool, _ *atomic.Int64, c jwt.Config, _ jwt.Option) {
		var broken atomic.Bool
		a := remote(t, c, jwt.Transport(roundTripper(func(req *http.Request) (*http.Response, error) {
			if broken.Load() {
				return inProcess{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					_, _ = w.Write([]byte(`{"keys":[]}`))
				})}.RoundTrip(req)
			}
			return inProcess{idp}.RoundTrip(req)
		})))
		_, err := a.Authenticate(t.Context(), bearer(idp.Token(nil)))
		require.NoError(t, err)
		broken.Store(true)
		time.Sleep(time.Hour)
		_, err = a.Authenticate(t.Context(), bearer(idp.Token(nil)))
		require.NoError(t, err)
	})
}
