package jwt_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/jwt"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestWhereATokenIsLookedFor(t *testing.T) {
	t.Parallel()
	good := goodToken(nil)
	tests := []struct {
		name   string
		config jwt.Config
		x      *pipeline.Exchange
		code   string // empty: good; "none": no credentials
	}{
		{"in Authorization where nothing is said", jwt.Config{}, bearer(good), ""},
		{"in Authorization, whatever the case of its scheme", jwt.Config{}, bearing("Authorization", "bEARER  "+good), ""},
		{"not in another scheme", jwt.Config{}, bearing("Authorization", "Basic "+good), "none"},
		{"not in other fields", jwt.Config{}, bearing("X-Token", good), "none"},
		{"not in a cookie unless named", jwt.Config{}, bearing("Cookie", "access_token="+good), "none"},
		{"not in a request without any", jwt.Config{}, bearing(), "none"},
		{"in the named field", jwt.Config{Header: "x-token"}, bearing("X-Token", good), ""},
		{"not in Authorization where a field is named", jwt.Config{Header: "X-Token"}, bearer(good), "none"},
		{"in the named cookie", jwt.Config{Cookie: "t"}, bearing("Cookie", "a=b; t="+good), ""},
		{"in either of two places", jwt.Config{Header: "X-Token", Cookie: "t"}, bearing("Cookie", "t="+good), ""},

		{"refuses a scheme without a token", jwt.Config{}, bearing("Authorization", "Bearer"), jwt.CodeMalformed},
		{"refuses an empty token", jwt.Config{}, bearing("Authorization", "Bearer "), jwt.CodeMalformed},
		{"refuses two fields, though they are equal", jwt.Config{}, bearing("Authorization", "Bearer "+good, "Authorization", "Bearer "+good), jwt.CodeMalformed},
		{"refuses a second Authorization of another scheme", jwt.Config{}, bearing("Authorization", "Basic YTpi", "Authorization", "Bearer "+good), jwt.CodeMalformed},
		{"refuses two cookies", jwt.Config{Cookie: "t"}, bearing("Cookie", "t="+good+"; t=x"), jwt.CodeMalformed},
		{"refuses tokens in two places", jwt.Config{Header: "X-Token", Cookie: "t"}, bearing("X-Token", good, "Cookie", "t="+good), jwt.CodeMalformed},
		{"refuses an empty field", jwt.Config{Header: "X-Token"}, bearing("X-Token", ""), jwt.CodeMalformed},
		{"refuses what is longer than any token", jwt.Config{Header: "X-Token"}, bearing("X-Token", strings.Repeat("a", 8193)), jwt.CodeMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id, err := authenticator(t, tt.config).Authenticate(t.Context(), tt.x)
			switch tt.code {
			case "":
				require.NoError(t, err)
				require.Equal(t, "alice", id.Subject)
			case "none":
				require.ErrorIs(t, err, authn.ErrNoCredentials)
			default:
				require.Equal(t, tt.code, codeOf(t, err))
				require.Nil(t, id)
			}
		})
	}
}

func TestWhatTheBackendGets(t *testing.T) {
	t.Parallel()
	good := goodToken(nil)
	tests := []struct {
		name   string
		config jwt.Config
		x      *pipeline.Exchange
		field  string
		value  string
	}{
		{"Authorization is removed", jwt.Config{}, bearer(good), "Authorization", ""},
		{"Authorization stays where asked for", jwt.Config{Forward: true}, bearer(good), "Authorization", "Bearer " + good},
		{"the field is removed", jwt.Config{Header: "X-Token"}, bearing("X-Token", good), "X-Token", ""},
		{"an only cookie goes with its field", jwt.Config{Cookie: "t"}, bearing("Cookie", "t="+good), "Cookie", ""},
		{"other cookies stay", jwt.Config{Cookie: "t"}, bearing("Cookie", "a=1; t="+good+"; b=2"), "Cookie", "a=1; b=2"},
		{"a token that is refused is left alone", jwt.Config{}, bearer("x"), "Authorization", "Bearer x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _ = authenticator(t, tt.config).Authenticate(t.Context(), tt.x)
			require.Equal(t, tt.value, tt.x.Out(t.Context()).Header.Get(tt.field))
		})
	}
}

func TestTheIdentityIsWhatTheClaimsName(t *testing.T) {
	t.Parallel()
	keycloak := map[string]any{"azp": "web", "realm_access": map[string]any{"roles": []string{"admin", "user"}}}
	tests := []struct {
		name   string
		config jwt.Config
		claims map[string]any
		want   pipeline.Identity
	}{
		{"the subject alone", jwt.Config{}, nil, pipeline.Identity{Subject: "alice"}},
		{"client_id is the consumer", jwt.Config{}, map[string]any{"client_id": "acme", "azp": "web"}, pipeline.Identity{Subject: "alice", Consumer: "acme"}},
		{"azp is, where there is no client_id", jwt.Config{}, map[string]any{"azp": "web"}, pipeline.Identity{Subject: "alice", Consumer: "web"}},
		{"the subject never is", jwt.Config{}, map[string]any{"sub": "acme"}, pipeline.Identity{Subject: "acme"}},
		{"a claim that is named is the consumer", jwt.Config{ConsumerClaim: "tenant.id"}, map[string]any{"client_id": "acme", "tenant": map[string]any{"id": "t1"}}, pipeline.Identity{Subject: "alice", Consumer: "t1"}},
		{"scope is split at spaces", jwt.Config{}, map[string]any{"scope": "read  write"}, pipeline.Identity{Subject: "alice", Scopes: []string{"read", "write"}}},
		{"scp is a list", jwt.Config{}, map[string]any{"scp": []string{"read", "write"}}, pipeline.Identity{Subject: "alice", Scopes: []string{"read", "write"}}},
		{"a named claim of scopes hides the others", jwt.Config{ScopesClaim: "permissions"}, map[string]any{"scope": "admin", "permissions": []string{"read"}}, pipeline.Identity{Subject: "alice", Scopes: []string{"read"}}},
		{"roles along a path", jwt.Config{RolesClaim: "realm_access.roles"}, keycloak, pipeline.Identity{Subject: "alice", Consumer: "web", Roles: []string{"admin", "user"}}},
		{"a name with dots", jwt.Config{RolesClaim: `https://idp\.example/roles`}, map[string]any{"https://idp.example/roles": "admin"}, pipeline.Identity{Subject: "alice", Roles: []string{"admin"}}},
		{"a path that leads nowhere", jwt.Config{RolesClaim: "aud.roles"}, nil, pipeline.Identity{Subject: "alice"}},
		{"the environment", jwt.Config{EnvironmentClaim: "env"}, map[string]any{"env": "test"}, pipeline.Identity{Subject: "alice", Environment: "test"}},
		{"another subject", jwt.Config{SubjectClaim: "oid"}, map[string]any{"oid": "o1"}, pipeline.Identity{Subject: "o1"}},
		{"one of several audiences", jwt.Config{Audiences: []string{"users", "orders"}}, map[string]any{"aud": []string{"x", "orders"}}, pipeline.Identity{Subject: "alice"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id, err := authenticator(t, tt.config).Authenticate(t.Context(), bearer(goodToken(tt.claims)))
			require.NoError(t, err)
			require.Equal(t, id.Claims["iss"], issuer)
			tt.want.Claims, tt.want.Scheme, tt.want.Issuer, tt.want.Expires = id.Claims, "jwt", issuer, time.Unix(noon+300, 0)
			require.Equal(t, &tt.want, id)
		})
	}
}

func TestAClaimThatTheSettingsNeedHasToBeThere(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		config jwt.Config
	}{
		{"the consumer", jwt.Config{ConsumerClaim: "tenant"}},
		{"the environment, or the token were good for any", jwt.Config{EnvironmentClaim: "env"}},
		{"the subject", jwt.Config{SubjectClaim: "oid"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := authenticator(t, tt.config).Authenticate(t.Context(), bearer(goodToken(nil)))
			require.Equal(t, jwt.CodeMalformed, codeOf(t, err))
		})
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		config jwt.Config
		typ    string
		claims map[string]any
		code   string
	}{
		{"none is taken", jwt.Config{}, "", nil, ""},
		{"JWT is taken", jwt.Config{}, "JWT", nil, ""},
		{"at+jwt is taken", jwt.Config{}, "at+jwt", nil, ""},
		{"the whole media type is taken", jwt.Config{}, "application/at+JWT", nil, ""},
		{"at+jwt may hold nonce", jwt.Config{}, "at+jwt", map[string]any{"nonce": "n"}, ""},
		{"azp that is not the audience is no ID token", jwt.Config{}, "", map[string]any{"azp": "web"}, ""},
		{"azp beside a second audience is no ID token", jwt.Config{}, "", map[string]any{"azp": "orders", "aud": []string{"orders", "users"}}, ""},
		{"ID tokens are taken where asked for", jwt.Config{AcceptIDTokens: true}, "", map[string]any{"nonce": "n", "azp": "orders"}, ""},
		{"at+jwt that is required", jwt.Config{RequireType: "at+jwt"}, "at+jwt", nil, ""},
		{"JWT where at+jwt is required", jwt.Config{RequireType: "at+jwt"}, "JWT", nil, jwt.CodeTypeWrong},
		{"none where at+jwt is required", jwt.Config{RequireType: "at+jwt"}, "", nil, jwt.CodeTypeWrong},
		{"another type that is required", jwt.Config{RequireType: "service+jwt"}, "service+jwt", nil, ""},
		{"a logout token where ID tokens are taken", jwt.Config{AcceptIDTokens: true}, "", map[string]any{"events": map[string]any{}}, jwt.CodeTypeWrong},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			header, err := json.Marshal(map[string]any{"alg": "EdDSA", "kid": "ed", "typ": tt.typ})
			require.NoError(t, err)
			if tt.typ == "" {
				header = []byte(edHeader)
			}
			_, err = authenticator(t, tt.config).Authenticate(t.Context(), bearer(mint("ed", "EdDSA", string(header), goodClaims(tt.claims))))
			require.Equal(t, tt.code, codeOf(t, err))
		})
	}
}

func TestTheLeewayIsTheSame(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		claims map[string]any
	}{
		{"for exp", map[string]any{"exp": noon - 29}},
		{"for nbf", map[string]any{"nbf": noon + 30}},
		{"for iat", map[string]any{"iat": noon + 30}},
		{"for times with a fraction", map[string]any{"nbf": noon + 29.5, "exp": noon - 28.5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := authenticator(t, jwt.Config{}).Authenticate(t.Context(), bearer(goodToken(tt.claims)))
			require.NoError(t, err)
			_, err = authenticator(t, jwt.Config{Leeway: registry.Duration(time.Second)}).Authenticate(t.Context(), bearer(goodToken(tt.claims)))
			require.Error(t, err)
		})
	}
}

func TestEveryAlgorithmThatIsTaken(t *testing.T) {
	t.Parallel()
	tests := []struct{ algorithm, key string }{
		{"RS256", "rsa"}, {"RS384", "rsa"}, {"RS512", "rsa"}, {"PS256", "rsa"}, {"PS384", "rsa"}, {"PS512", "rsa"},
		{"ES256", "ec"}, {"ES384", "p384"}, {"EdDSA", "ed"},
	}
	for _, tt := range tests {
		t.Run(tt.algorithm, func(t *testing.T) {
			t.Parallel()
			a := authenticator(t, jwt.Config{Algorithms: []string{tt.algorithm}})
			header := `{"alg":"` + tt.algorithm + `","kid":"` + tt.key + `"}`
			_, err := a.Authenticate(t.Context(), bearer(mint(tt.key, tt.algorithm, header, goodClaims(nil))))
			require.NoError(t, err)
		})
	}
}

func TestATokenWithoutAKeyID(t *testing.T) {
	t.Parallel()
	_, err := authenticator(t, jwt.Config{}).Authenticate(t.Context(), bearer(mint("ed", "EdDSA", `{"alg":"EdDSA"}`, goodClaims(nil))))
	require.NoError(t, err, "is judged by the only key that fits")
}

func TestThe401SaysNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	stage := gatewaytest.BuildPolicy(t, authn.Kind(), authn.Policy(authn.Config{AnyOf: []registry.Policy{
		jwt.Policy(jwt.Config{Issuer: issuer, Audience: audience, JWKSFile: keyFile(t)}),
	}}), gatewaytest.WithKinds(jwt.Kind(jwt.Now(atNoon))))[0]
	tests := []struct {
		name, code, challenge string
		x                     *pipeline.Exchange
	}{
		{"without a token", authn.CodeCredentialsMissing, "Bearer", bearing()},
		{"with one that does not hold", jwt.CodeExpired, `Bearer error="invalid_token"`, bearer(goodToken(map[string]any{"exp": noon - 3600}))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := stage.Wrap(nil)(t.Context(), tt.x)
			var p *pipeline.Problem
			require.ErrorAs(t, err, &p)
			require.Equal(t, 401, p.Status)
			require.Equal(t, tt.code, p.Code)
			require.Equal(t, []string{tt.challenge}, p.Header["Www-Authenticate"])
		})
	}
}

func TestTokensOfTwoIssuers(t *testing.T) {
	t.Parallel()
	first, second := gatewaytest.NewTokens(t, "EdDSA"), gatewaytest.NewTokens(t, "EdDSA")
	a, b := published(first), published(second)
	stage := gatewaytest.BuildPolicy(t, authn.Kind(), authn.Policy(authn.Config{
		Optional: true, AnyOf: []registry.Policy{jwt.Policy(a), jwt.Policy(b)},
	}), gatewaytest.WithKinds(jwt.Kind()))[0]
	tests := []struct {
		name, token, code string
	}{
		{"the first", first.Token(nil), ""},
		{"the second", second.Token(nil), ""},
		{"neither, which passes as nobody never", first.Token(map[string]any{"iss": "https://evil.example"}), jwt.CodeIssuerWrong},
		{"the second by the name of the first", second.Token(map[string]any{"iss": first.URL()}), jwt.CodeSignatureInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := bearer(tt.token)
			r := gatewaytest.Run(t, stage, x)
			require.Equal(t, tt.code, codeOf(t, r.Err))
			require.Equal(t, tt.code == "", x.Identity != nil)
		})
	}
}

func TestTokensOfTwoIssuersThatSignDifferently(t *testing.T) {
	t.Parallel()
	first, second := gatewaytest.NewTokens(t, "EdDSA"), gatewaytest.NewTokens(t, "ES256")
	a, b := published(first), published(second)
	a.Algorithms, b.Algorithms = []string{"EdDSA"}, []string{"ES256"}
	stage := gatewaytest.BuildPolicy(t, authn.Kind(), authn.Policy(authn.Config{
		AnyOf: []registry.Policy{jwt.Policy(a), jwt.Policy(b)},
	}), gatewaytest.WithKinds(jwt.Kind()))[0]
	require.NoError(t, gatewaytest.Run(t, stage, bearer(first.Token(nil))).Err)
	require.NoError(t, gatewaytest.Run(t, stage, bearer(second.Token(nil))).Err, "it is the second's to judge")
	crossed := second.Token(map[string]any{"iss": first.URL()})
	require.Equal(t, jwt.CodeAlgorithmRefused, codeOf(t, gatewaytest.Run(t, stage, bearer(crossed)).Err))
}

func TestAnOpaqueTokenIsLeftToOthers(t *testing.T) {
	t.Parallel()
	other := &gatewaytest.Authenticator{Identity: &pipeline.Identity{Subject: "bob", Scheme: "introspect"}}
	tests := []struct {
		name, token, code string
	}{
		{"an opaque one", "0123456789abcdef", ""},
		{"one that looks signed", "e30.e30.AAAA", jwt.CodeMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := authenticator(t, jwt.Config{})
			_, err := authn.First(a, other).Authenticate(t.Context(), bearer(tt.token))
			require.Equal(t, tt.code, codeOf(t, err))
			_, err = authn.Optional(a).Authenticate(t.Context(), bearer(tt.token))
			require.Equal(t, jwt.CodeMalformed, codeOf(t, err), "it is refused where nobody else judges it")
		})
	}
}

func TestNothingTellsTheToken(t *testing.T) {
	t.Parallel()
	const canary = "canary-5f1e9c77"
	var log bytes.Buffer
	scope := pipeline.NewScope(pipeline.NewPool(), slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(scope.Close)
	a, err := jwt.New(scope.Env(pipeline.Workshop{}, nil, ""), jwt.Config{Issuer: issuer, Audience: audience, JWKSFile: keyFile(t)}, jwt.Now(atNoon))
	require.NoError(t, err)
	stage := authn.Stage(a)
	tokens := []string{canary, canary + "." + canary + "." + canary, goodToken(map[string]any{"jti": canary})}
	for _, h := range readCorpus(t) {
		h.Claims = strings.ReplaceAll(h.Claims, "alice", canary)
		h.Header = strings.ReplaceAll(h.Header, "evil", canary)
		tokens = append(tokens, h.token(t))
	}
	for _, token := range tokens {
		x := bearer(token)
		r := gatewaytest.Run(t, stage, x)
		told := sprint(r.Err, x.Decisions(), log.String())
		require.NotContains(t, told, canary)
		for part := range strings.SplitSeq(token, ".") {
			if len(part) > 16 {
				require.NotContains(t, told, part)
			}
		}
	}
}

func TestKindRefusesSettingsThatDoNotHold(t *testing.T) {
	t.Parallel()
	file := keyFile(t)
	empty := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, os.WriteFile(empty, []byte(`{"keys":[]}`), 0o600))
	tests := []struct {
		name   string
		config string
		fields []string
	}{
		{"nothing at all", `{}`, []string{"/issuer", "/audience", "/jwks_url"}},
		{"a URL and a file", `{"issuer":"i","audience":"a","jwks_url":"https://i/","jwks_file":"f"}`, []string{"/jwks_url"}},
		{"an audience and audiences", `{"issuer":"i","audience":"a","audiences":["b"],"jwks_url":"https://i/"}`, []string{"/audience"}},
		{"an empty audience of several", `{"issuer":"i","audiences":["b",""],"jwks_url":"https://i/"}`, []string{"/audiences"}},
		{"http to another host", `{"issuer":"i","audience":"a","jwks_url":"http://idp.example/jwks"}`, []string{"/jwks_url"}},
		{"a URL with a user", `{"issuer":"i","audience":"a","jwks_url":"https://u:p@idp.example/jwks"}`, []string{"/jwks_url"}},
		{"a URL of another scheme", `{"issuer":"i","audience":"a","jwks_url":"file:///etc/passwd"}`, []string{"/jwks_url"}},
		{"the algorithm none", `{"issuer":"i","audience":"a","jwks_url":"https://i/","algorithms":["none"]}`, []string{"/algorithms"}},
		{"an algorithm of shared keys", `{"issuer":"i","audience":"a","jwks_url":"https://i/","algorithms":["HS256"]}`, []string{"/algorithms"}},
		{"a leeway beyond two minutes", `{"issuer":"i","audience":"a","jwks_url":"https://i/","leeway":"2m1s"}`, []string{"/leeway"}},
		{"a refresh of each second", `{"issuer":"i","audience":"a","jwks_url":"https://i/","refresh":"1s"}`, []string{"/refresh"}},
		{"keys that go stale before they are fetched", `{"issuer":"i","audience":"a","jwks_url":"https://i/","stale_for":"1m"}`, []string{"/stale_for"}},
		{"a cache that is too long and too large", `{"issuer":"i","audience":"a","jwks_url":"https://i/","cache":{"ttl":"2h","max_entries":1000001}}`, []string{"/cache/ttl", "/cache/max_entries"}},
		{"names that can be none", `{"issuer":"i","audience":"a","jwks_url":"https://i/","header":"a b","cookie":"c;"}`, []string{"/header", "/cookie"}},
		{"a field that holds more than a token", `{"issuer":"i","audience":"a","jwks_url":"https://i/","header":"authorization"}`, []string{"/header"}},
		{"paths that lead nowhere", `{"issuer":"i","audience":"a","jwks_url":"https://i/","roles_claim":"a..b","scopes_claim":"a\\b"}`, []string{"/scopes_claim", "/roles_claim"}},
		{"a file that is not there", `{"issuer":"i","audience":"a","jwks_file":"` + file + `x"}`, []string{"/jwks_file"}},
		{"a file without a key", `{"issuer":"i","audience":"a","jwks_file":"` + empty + `"}`, []string{"/jwks_file"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := gatewaytest.Env(t, gatewaytest.WithKinds(jwt.Kind()))
			_, err := pipeline.Make[authn.Authenticator](env, registry.Policy{Kind: "jwt", Config: json.RawMessage(tt.config)})
			var fields []string
			for _, f := range registry.AsFaults(err) {
				fields = append(fields, f.Field)
			}
			require.Equal(t, tt.fields, fields, "%v", err)
		})
	}
}

func TestKeysOfAURLNeedATask(t *testing.T) {
	t.Parallel()
	_, err := jwt.New(&pipeline.Env{}, jwt.Config{Issuer: issuer, Audience: audience, JWKSURL: "https://idp.example/jwks"})
	require.ErrorContains(t, err, "/jwks_url")
}

func TestTokensThatNameNoScope(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		claims map[string]any
		want   []string
	}{
		"nothing is said of scopes":  {nil, nil},
		"the text is empty":          {map[string]any{"scope": ""}, []string{}},
		"the list is empty":          {map[string]any{"scope": []string{}}, []string{}},
		"the text holds spaces only": {map[string]any{"scp": "  "}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, err := authenticator(t, jwt.Config{}).Authenticate(t.Context(), bearer(goodToken(test.claims)))
			require.NoError(t, err)
			require.Equal(t, test.want, id.Scopes)
		})
	}
}
