package apikey_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func ExampleNew() {
	secret := []byte("a secret of 16 bytes or more")
	key := "gw_example-key-0001"
	known := directory{known: map[[32]byte]*registry.Credential{
		apikey.Sum(secret, []byte(key)): {ID: "k1", Consumer: "acme"},
	}}
	a, err := apikey.New(known, secret, apikey.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := &pipeline.Exchange{In: httptest.NewRequest(http.MethodGet, "/", nil)}
	x.In.Header.Set("X-API-Key", key)
	id, err := a.Authenticate(context.Background(), x)
	fmt.Println(id.Consumer, err)
	// Output: acme <nil>
}

func ExampleNewKey() {
	zeros := bytes.NewReader(make([]byte, 20)) // nil, outside of examples
	key, err := apikey.NewKey(zeros)
	fmt.Println(key, apikey.Checked(key), err)
	// Output: gw_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaihlg5pq true <nil>
}

func ExampleHash() {
	fmt.Println(apikey.Hash([]byte("Jefe"), []byte("what do ya want for nothing?")))
	// Output: hmac-sha256:5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843
}

func ExamplePolicy() {
	key := apikey.Policy(apikey.Config{Header: "X-API-Key", Secret: registry.Secret{Env: "KEY_SECRET"}})
	fmt.Println(string(authn.Policy(authn.Config{AnyOf: []registry.Policy{key}}).Config))
	// Output: {"any_of":[{"api_key":{"header":"X-API-Key","secret":{"env":"KEY_SECRET"}}}]}
}
