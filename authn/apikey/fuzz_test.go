package apikey_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// FuzzFind holds, for any fields and query: what passes bears the one good key,
// and it stands nowhere in what the backend gets.
func FuzzFind(f *testing.F) {
	for _, seed := range [][4]string{
		{good, "", "", ""},
		{"", "ApiKey " + good, "", ""},
		{"", "", "a=1; key=" + good, ""},
		{"", "", "", "a=1&k=" + good},
		{"", "", "", "%6B=" + good + "&b=%zz"},
		{"", "", "", "x=1;k=" + good},
		{good + "," + good, "apikey  " + good, "key =" + good + ";;", "k=" + good + "&k"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	d := knows(good, acme())
	f.Fuzz(func(t *testing.T, header, authorization, cookie, query string) {
		a := authenticator(t, d, apikey.Config{Header: "X-API-Key", Scheme: "ApiKey", Cookie: "key", Query: "k"})
		x := &pipeline.Exchange{In: &http.Request{URL: &url.URL{Path: "/a", RawQuery: query}, Header: http.Header{}}}
		for field, value := range map[string]string{"X-Api-Key": header, "Authorization": authorization, "Cookie": cookie} {
			if value != "" {
				x.In.Header.Set(field, value)
			}
		}
		id, err := a.Authenticate(t.Context(), x)
		if err != nil {
			require.Nil(t, id)
			return
		}
		require.Equal(t, "acme", id.Consumer)
		out := x.Out(t.Context())
		require.Empty(t, out.Header.Get("X-Api-Key"))
		require.False(t, strings.HasPrefix(strings.ToLower(out.Header.Get("Authorization")), "apikey "))
		require.False(t, out.URL.Query().Has("k"), out.URL.RawQuery)
		for _, c := range out.Cookies() {
			require.NotEqual(t, "key", c.Name)
		}
	})
}
