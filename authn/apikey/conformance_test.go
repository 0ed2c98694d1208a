package apikey_test

import (
	"testing"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

func TestAuthenticatorKeepsTheContract(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		config apikey.Config
		valid  gatewaytest.Option
	}{
		{"with a field", apikey.Config{}, gatewaytest.Header(present, good)},
		{"with a scheme", apikey.Config{Scheme: "ApiKey"}, gatewaytest.Header("Authorization", "ApiKey "+good)},
		{"with a cookie", apikey.Config{Cookie: "key"}, gatewaytest.Header("Cookie", "key="+good)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.TestAuthenticator(t, func(t testing.TB) authn.Authenticator {
				return authenticator(t, knows(good, acme()), tt.config)
			}, tt.valid)
		})
	}
}

func TestStageKeepsTheContracts(t *testing.T) {
	t.Parallel()
	c := acme()
	c.Environment = ""
	gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage {
		return authn.Stage(authenticator(t, knows(good, c), apikey.Config{}))
	}, gatewaytest.Header(present, good))
}
