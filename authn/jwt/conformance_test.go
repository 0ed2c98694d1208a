package jwt_test

import (
	"testing"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/jwt"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

func TestAuthenticatorKeepsTheContract(t *testing.T) {
	t.Parallel()
	good := goodToken(map[string]any{"client_id": "acme", "scope": "read"})
	idp := gatewaytest.NewTokens(t, "ES256")
	tests := []struct {
		name  string
		make  func(testing.TB) authn.Authenticator
		valid gatewaytest.Option
	}{
		{"with Authorization", func(t testing.TB) authn.Authenticator { return authenticator(t, jwt.Config{}) }, gatewaytest.Header("Authorization", "Bearer "+good)},
		{"with a field", func(t testing.TB) authn.Authenticator { return authenticator(t, jwt.Config{Header: "X-Token"}) }, gatewaytest.Header("X-Token", good)},
		{"with a cookie", func(t testing.TB) authn.Authenticator { return authenticator(t, jwt.Config{Cookie: "t"}) }, gatewaytest.Header("Cookie", "t="+good)},
		{"without a cache", func(t testing.TB) authn.Authenticator {
			return authenticator(t, jwt.Config{Cache: jwt.CacheConfig{Disabled: true}})
		}, gatewaytest.Header("Authorization", "Bearer "+good)},
		{"with keys of a URL", func(t testing.TB) authn.Authenticator { return remote(t, published(idp)) }, gatewaytest.Header("Authorization", "Bearer "+idp.Token(nil))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.TestAuthenticator(t, tt.make, tt.valid)
		})
	}
}

func TestStageKeepsTheContracts(t *testing.T) {
	t.Parallel()
	gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage {
		return authn.Stage(authenticator(t, jwt.Config{}))
	}, gatewaytest.Header("Authorization", "Bearer "+goodToken(nil)))
}
