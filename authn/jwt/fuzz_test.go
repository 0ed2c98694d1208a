package jwt_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/jwt"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// FuzzAuthenticate holds, for any token: only the one that was signed passes,
// and whatever does not is a 401 that does not tell the token.
func FuzzAuthenticate(f *testing.F) {
	good := goodToken(nil)
	f.Add(good)
	for _, h := range readCorpus(f) {
		f.Add(h.token(f))
	}
	a := authenticator(f, jwt.Config{})
	f.Fuzz(func(t *testing.T, token string) {
		id, err := a.Authenticate(t.Context(), bearer(token))
		if strings.TrimLeft(token, " ") == good {
			require.NoError(t, err)
			return
		}
		require.Nil(t, id)
		if errors.Is(err, authn.ErrNoCredentials) {
			return
		}
		var p *pipeline.Problem
		require.ErrorAs(t, err, &p)
		require.Equal(t, http.StatusUnauthorized, p.Status)
		if len(token) > 64 {
			require.NotContains(t, p.Error(), token)
		}
	})
}
