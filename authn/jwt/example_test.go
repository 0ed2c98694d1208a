package jwt_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/jwt"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func ExampleNew() {
	folder, err := os.MkdirTemp("", "keys")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "keys.json")
	set := fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"ed","x":%q}]}`, vaultX("ed"))
	if err := os.WriteFile(file, []byte(set), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	scope := pipeline.NewScope(pipeline.NewPool(), slog.New(slog.DiscardHandler))
	defer scope.Close()
	tokens, err := jwt.New(scope.Env(pipeline.Workshop{}, nil, "tokens"), jwt.Config{
		Issuer: "https://idp.example", Audience: "orders", JWKSFile: file,
	}, jwt.Now(atNoon))
	if err != nil {
		fmt.Println(err)
		return
	}
	x := &pipeline.Exchange{In: httptest.NewRequest(http.MethodGet, "/", nil)}
	x.In.Header.Set("Authorization", "Bearer "+goodToken(map[string]any{"client_id": "acme", "scope": "orders.read"}))
	id, err := tokens.Authenticate(context.Background(), x)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id.Subject, id.Consumer, id.Scopes)

	x.In.Header.Set("Authorization", "Bearer "+goodToken(map[string]any{"aud": "users"}))
	_, err = tokens.Authenticate(context.Background(), x)
	fmt.Println(err)
	// Output:
	// alice acme [orders.read]
	// 401 token_audience_wrong
}

func ExamplePolicy() {
	tokens := jwt.Policy(jwt.Config{Issuer: "https://idp.example", Audience: "orders", JWKSURL: "https://idp.example/jwks"})
	fmt.Println(string(authn.Policy(authn.Config{AnyOf: []registry.Policy{tokens}}).Config))
	// Output: {"any_of":[{"jwt":{"audience":"orders","issuer":"https://idp.example","jwks_url":"https://idp.example/jwks"}}]}
}
