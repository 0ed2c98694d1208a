package apikey_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const (
	good    = "gw_0123456789abcdef"
	secret  = "0123456789abcdef-secret"
	present = "X-Api-Key"
)

// directory knows credentials by their sum.
type directory struct {
	known map[[32]byte]*registry.Credential
	err   error
}

func (d directory) Subscription(context.Context, string, string, string) (*registry.Subscription, error) {
	return nil, registry.ErrUnknown
}

func (d directory) Credential(_ context.Context, sum [32]byte) (*registry.Credential, error) {
	if d.err != nil {
		return nil, d.err
	}
	c, ok := d.known[sum]
	if !ok {
		return nil, registry.ErrUnknown
	}
	return c, nil
}

// knows is a directory of one key.
func knows(key string, c *registry.Credential) directory {
	return directory{known: map[[32]byte]*registry.Credential{apikey.Sum([]byte(secret), []byte(key)): c}}
}

func acme() *registry.Credential {
	return &registry.Credential{ID: "k1", Consumer: "acme", Environment: "production"}
}

func authenticator(t testing.TB, d registry.Directory, c apikey.Config) authn.Authenticator {
	t.Helper()
	a, err := apikey.New(d, []byte(secret), c)
	require.NoError(t, err)
	return a
}

func exchange(target string, fields ...string) *pipeline.Exchange {
	x := &pipeline.Exchange{In: httptest.NewRequest(http.MethodGet, target, nil), Environment: "production"}
	for i := 0; i < len(fields); i += 2 {
		x.In.Header.Add(fields[i], fields[i+1])
	}
	return x
}

func TestWhereAKeyIsLookedFor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		config apikey.Config
		x      *pipeline.Exchange
		code   string // empty: good; "none": no credentials
	}{
		{"in X-API-Key where nothing is said", apikey.Config{}, exchange("/", present, good), ""},
		{"in the named field", apikey.Config{Header: "Token"}, exchange("/", "Token", good), ""},
		{"not in other fields", apikey.Config{Header: "Token"}, exchange("/", present, good), "none"},
		{"not in the URL unless named", apikey.Config{}, exchange("/?api_key=" + good + "&X-API-Key=" + good), "none"},
		{"in the named parameter", apikey.Config{Query: "api_key"}, exchange("/?a=1&api_key=" + good), ""},
		{"in a parameter that is spelled with escapes", apikey.Config{Query: "api_key"}, exchange("/?api%5fkey=" + good), ""},
		{"in the named cookie", apikey.Config{Cookie: "key"}, exchange("/", "Cookie", "a=b; key="+good), ""},
		{"in the named scheme", apikey.Config{Scheme: "ApiKey"}, exchange("/", "Authorization", "apikey "+good), ""},
		{"not in another scheme", apikey.Config{Scheme: "ApiKey"}, exchange("/", "Authorization", "Bearer "+good), "none"},
		{"nowhere in a request without any", apikey.Config{}, exchange("/"), "none"},

		{"refuses an empty field", apikey.Config{}, exchange("/", present, ""), apikey.CodeMalformed},
		{"refuses two fields, though they are equal", apikey.Config{}, exchange("/", present, good, present, good), apikey.CodeMalformed},
		{"refuses a list", apikey.Config{}, exchange("/", present, good+", "+good), apikey.CodeMalformed},
		{"refuses keys in two places", apikey.Config{Header: "X-API-Key", Query: "k"}, exchange("/?k="+good, present, good), apikey.CodeMalformed},
		{"refuses two cookies", apikey.Config{Cookie: "key"}, exchange("/", "Cookie", "key="+good, "Cookie", "key="+good), apikey.CodeMalformed},
		{"refuses two parameters", apikey.Config{Query: "k"}, exchange("/?k=" + good + "&%6b=" + good), apikey.CodeMalformed},
		{"refuses a second Authorization", apikey.Config{Scheme: "ApiKey"}, exchange("/", "Authorization", "ApiKey "+good, "Authorization", "Bearer x"), apikey.CodeMalformed},
		{"refuses a scheme without a key", apikey.Config{Scheme: "ApiKey"}, exchange("/", "Authorization", "ApiKey"), apikey.CodeMalformed},
		{"refuses a key that is too short", apikey.Config{}, exchange("/", present, good[:15]), apikey.CodeMalformed},
		{"refuses a key that is too long", apikey.Config{}, exchange("/", present, strings.Repeat("k", 257)), apikey.CodeMalformed},
		{"refuses spaces within a key", apikey.Config{}, exchange("/", present, good+" "+good), apikey.CodeMalformed},
		{"refuses other than ASCII", apikey.Config{}, exchange("/", present, good+"é"), apikey.CodeMalformed},
		{"refuses a broken escape of the key", apikey.Config{Query: "k"}, exchange("/?k=" + good + "%zz"), apikey.CodeMalformed},
		{"refuses a query that two parsers read in two ways", apikey.Config{Query: "k"}, exchange("/?x=1;k=" + good), pipeline.CodeQueryMalformed},
		{"refuses a broken escape of a name", apikey.Config{Query: "k"}, exchange("/?%zz=1&k=" + good), pipeline.CodeQueryMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id, err := authenticator(t, knows(good, acme()), tt.config).Authenticate(t.Context(), tt.x)
			switch tt.code {
			case "":
				require.NoError(t, err)
				require.Equal(t, "acme", id.Consumer)
			case "none":
				require.ErrorIs(t, err, authn.ErrNoCredentials)
			default:
				require.Equal(t, tt.code, problem(t, err).Code)
				require.Nil(t, id)
			}
		})
	}
}

func problem(t testing.TB, err error) *pipeline.Problem {
	t.Helper()
	var p *pipeline.Problem
	require.ErrorAs(t, err, &p)
	return p
}

func TestWhatTheDirectorySays(t *testing.T) {
	t.Parallel()
	over := acme()
	over.NotAfter = time.Now().Add(-time.Second)
	tests := []struct {
		name      string
		directory directory
		status    int
		code      string // for the caller
		decided   string
	}{
		{"an unknown key is refused", knows("another-key-0123456789", acme()), 401, apikey.CodeUnknown, apikey.CodeUnknown},
		{"an expired key looks unknown to the caller", knows(good, over), 401, apikey.CodeUnknown, apikey.CodeExpired},
		{"a directory that fails refuses", directory{err: errors.New("away")}, 503, apikey.CodeDirectoryUnavailable, apikey.CodeDirectoryUnavailable},
		{"a directory that says nothing refuses", knows(good, nil), 503, apikey.CodeDirectoryUnavailable, apikey.CodeDirectoryUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := exchange("/", present, good)
			stage := authn.Stage(authenticator(t, tt.directory, apikey.Config{}))
			_, err := pipeline.Chain(nil, stage)(t.Context(), x)
			p := problem(t, err)
			require.Equal(t, tt.status, p.Status)
			require.Equal(t, tt.code, p.Code)
			require.NotContains(t, p.Error(), good)
			require.Len(t, x.Decisions(), 1)
			require.Equal(t, tt.decided, x.Decisions()[0].Code)
		})
	}
}

func TestAnUnknownAndAnExpiredKeyAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	over := acme()
	over.NotAfter = time.Now().Add(-time.Second)
	_, expired := authenticator(t, knows(good, over), apikey.Config{}).Authenticate(t.Context(), exchange("/", present, good))
	_, unknown := authenticator(t, directory{}, apikey.Config{}).Authenticate(t.Context(), exchange("/", present, good))
	a, b := *problem(t, expired), *problem(t, unknown)
	a.Cause, b.Cause = nil, nil
	require.Equal(t, b, a)
}

func TestTheIdentityIsThatOfTheCredential(t *testing.T) {
	t.Parallel()
	c := acme()
	c.NotAfter = time.Now().Add(time.Hour)
	id, err := authenticator(t, knows(good, c), apikey.Config{}).Authenticate(t.Context(), exchange("/", present, good))
	require.NoError(t, err)
	require.Equal(t, &pipeline.Identity{
		Subject: "k1", Consumer: "acme", Scheme: "api_key", Environment: "production", Expires: c.NotAfter,
	}, id)
}

func TestWhatTheBackendGets(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		config apikey.Config
		x      *pipeline.Exchange
		field  string
		value  string
		target string
	}{
		{"the field is removed", apikey.Config{}, exchange("/a?b=1", present, good), present, "", "/a?b=1"},
		{"the field stays where asked for", apikey.Config{Forward: true}, exchange("/a", present, good), present, good, "/a"},
		{"Authorization is removed", apikey.Config{Scheme: "ApiKey"}, exchange("/a", "Authorization", "ApiKey "+good), "Authorization", "", "/a"},
		{"the only cookie goes with its field", apikey.Config{Cookie: "key"}, exchange("/a", "Cookie", "key="+good), "Cookie", "", "/a"},
		{"other cookies stay", apikey.Config{Cookie: "key"}, exchange("/a", "Cookie", "a=1; key="+good+"; b=2"), "Cookie", "a=1; b=2", "/a"},
		{"other parameters stay as they are", apikey.Config{Query: "k"}, exchange("/a%20b?x=%41&k=" + good + "&y"), present, "", "/a%20b?x=%41&y"},
		{"an only parameter leaves no question mark", apikey.Config{Query: "k"}, exchange("/a?k=" + good), present, "", "/a"},
		{"a parameter is removed although keys are forwarded", apikey.Config{Query: "k", Forward: true}, exchange("/a?k=" + good), present, "", "/a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id, err := authenticator(t, knows(good, acme()), tt.config).Authenticate(t.Context(), tt.x)
			require.NoError(t, err)
			require.Equal(t, tt.value == good, id.Forwarded)
			require.Equal(t, tt.value, tt.x.Get(tt.field))
			require.Equal(t, tt.target, tt.x.Target())
		})
	}
}

func TestACookieThatWasTakenAwayBeforeStaysAway(t *testing.T) {
	t.Parallel()
	x := exchange("/a", "Cookie", "session=s3cret; a=1; key="+good)
	x.Set("Cookie", "a=1; key="+good) // as an authenticator before has left it
	_, err := authenticator(t, knows(good, acme()), apikey.Config{Cookie: "key"}).Authenticate(t.Context(), x)
	require.NoError(t, err)
	require.Equal(t, "a=1", x.Get("Cookie"))
}

func TestSumIsHMAC(t *testing.T) {
	t.Parallel()
	// RFC 4231 section 4.3.
	require.Equal(t, "hmac-sha256:5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		apikey.Hash([]byte("Jefe"), []byte("what do ya want for nothing?")))
}

func TestNewKey(t *testing.T) {
	t.Parallel()
	key, err := apikey.NewKey(nil)
	require.NoError(t, err)
	another, err := apikey.NewKey(nil)
	require.NoError(t, err)
	require.NotEqual(t, key, another)
	require.True(t, apikey.Checked(key))
	require.False(t, apikey.Checked(strings.ToUpper(key)))
	require.False(t, apikey.Checked(key+"a"))
	slipped := []byte(key)
	slipped[10] ^= 1
	require.False(t, apikey.Checked(string(slipped)))

	_, err = apikey.NewKey(strings.NewReader("short"))
	require.Error(t, err)

	_, err = authenticator(t, knows(key, acme()), apikey.Config{}).Authenticate(t.Context(), exchange("/", present, key))
	require.NoError(t, err, "what NewKey makes can be used")
}

func TestNew(t *testing.T) {
	t.Parallel()
	_, err := apikey.New(nil, []byte(secret), apikey.Config{})
	require.ErrorContains(t, err, "directory")
	_, err = apikey.New(directory{}, []byte("fifteen bytes.."), apikey.Config{})
	require.ErrorContains(t, err, "at least 16 bytes")
	require.NotContains(t, err.Error(), "fifteen")
}

func TestKind(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte(secret+"\n"), 0o600))
	tests := []struct {
		name   string
		policy registry.Policy
		fields []string
	}{
		{"a secret from a file", apikey.Policy(apikey.Config{Secret: registry.Secret{File: file}}), nil},
		{"no secret", apikey.Policy(apikey.Config{}), []string{"/secret"}},
		{"a secret that is not there", apikey.Policy(apikey.Config{Secret: registry.Secret{File: file + "x"}}), []string{"/secret"}},
		{"names that can be none", apikey.Policy(apikey.Config{Header: "a b", Query: "k=", Cookie: "c;", Scheme: "é", Secret: registry.Secret{File: file}}), []string{"/header", "/cookie", "/query", "/scheme"}},
		{"a field that holds more than a key", apikey.Policy(apikey.Config{Header: "authorization", Secret: registry.Secret{File: file}}), []string{"/header"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			kinds, err := pipeline.NewKinds(apikey.Kind())
			require.NoError(t, err)
			env := pipeline.NewScope(pipeline.NewPool(), slog.New(slog.DiscardHandler)).
				Env(pipeline.Workshop{Kinds: kinds, Directory: knows(good, acme())}, nil, "")
			a, err := pipeline.Make[authn.Authenticator](env, tt.policy)
			if tt.fields == nil {
				require.NoError(t, err)
				_, err = a.Authenticate(t.Context(), exchange("/", present, good))
				require.NoError(t, err)
				return
			}
			var fields []string
			for _, f := range registry.AsFaults(err) {
				fields = append(fields, f.Field)
			}
			require.Equal(t, tt.fields, fields)
		})
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	a := authenticator(b, knows(good, acme()), apikey.Config{})
	in := exchange("/", present, good).In
	x := &pipeline.Exchange{}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		*x = pipeline.Exchange{In: in}
		if _, err := a.Authenticate(ctx, x); err != nil {
			b.Fatal(err)
		}
	}
}
