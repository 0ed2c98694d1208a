package ratelimit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit"
)

// FuzzKey holds that no caller can spell the key of another: two subjects have
// one key exactly where they are one.
func FuzzKey(f *testing.F) {
	f.Add("jwt", "idp", "alice", "jwt", "idp", "alice")
	f.Add("jwt", "idp1", "=a", "jwt", "idp", "1=a")
	f.Add("jwt", "3=x", "a", "jwt", "3=", "x1=a")
	f.Add("", "", "a/1", "", "/1", "a")
	f.Fuzz(func(t *testing.T, scheme1, issuer1, subject1, scheme2, issuer2, subject2 string) {
		var keys []string
		config := ratelimit.Config{Per: "subject", Rate: rate(1, time.Hour)}
		stage, err := ratelimit.New(&pipeline.Env{}, fake{keys: &keys}, config)
		require.NoError(t, err)
		one := pipeline.Identity{Scheme: scheme1, Issuer: issuer1, Subject: subject1}
		two := pipeline.Identity{Scheme: scheme2, Issuer: issuer2, Subject: subject2}
		for _, id := range []*pipeline.Identity{&one, &two} {
			x := from("sub-1")
			x.Identity = id
			p := send(t, stage, x)
			require.Equal(t, id.Subject == "", p != nil)
		}
		for _, key := range keys {
			require.Equal(t, key, ratelimit.OwnerOf(key+"/1"))
		}
		if len(keys) == 2 {
			same := scheme1 == scheme2 && issuer1 == issuer2 && subject1 == subject2
			require.Equal(t, same, keys[0] == keys[1], keys)
		}
	})
}
