package redislimit

import (
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzURL holds that a URL that is taken says where to connect and verifies
// what it connects to, and that one that is refused gives nothing away.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{
		"redis://localhost", "rediss://user:password@h:6380/2", "redis://[::1]:1?addr=b:2&addr=c:3", "redis://:p%40ss@h",
		"rediss://h?ca=ca.pem", "redis://h?skip_verify=true", "redis://h/x", "redis://s3cret@h", "redis://h#frag", "valkey://h",
		"redis://h:65536", "redis:h", "redis://:a/b@h", "", "redis://h?master_set=m",
		"redis://]", "redis://h?ca", "rediss://h?ca", "rediss://h?%63a=ca.pem",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if u, err := url.Parse(raw); err == nil && u.Scheme != "redis" && u.Query().Has("ca") {
			return // reads a file
		}
		o, err := parse(raw)
		if err != nil {
			require.Empty(t, o.InitAddress)
			require.Contains(t, []error{errURL, errScheme, errPassword, errDatabase, errParameter, errAddr, errPlainCA}, err, "a fixed text")
			return
		}
		require.NotEmpty(t, o.InitAddress)
		for _, addr := range o.InitAddress {
			host, port, err := net.SplitHostPort(addr)
			require.NoError(t, err)
			require.NotEmpty(t, host)
			require.True(t, isPort(port))
		}
		if strings.HasPrefix(strings.ToLower(raw), "rediss") {
			require.False(t, o.TLSConfig.InsecureSkipVerify)
			require.NotEmpty(t, o.TLSConfig.ServerName)
		} else {
			require.Nil(t, o.TLSConfig)
		}
	})
}

// FuzzKey holds that two keys are one in Redis exactly where they are one, and
// that no key can choose where a cluster places it by braces of its own.
func FuzzKey(f *testing.F) {
	f.Add("a", "b", "gateway:")
	f.Add("4=prod3=a/b", "4=prod3=a/b/1", "shop:")
	f.Add("{a}", "a}", "{")
	f.Add("}{", "{}", "")
	f.Fuzz(func(t *testing.T, one, two, prefix string) {
		prefix = cleanPrefix(prefix)
		first := string(appendKey(nil, prefix, tagOf(one), one))
		second := string(appendKey(nil, prefix, tagOf(two), two))
		require.Equal(t, one == two, first == second)

		_, rest, found := strings.Cut(first, "{")
		require.True(t, found)
		inside, _, found := strings.Cut(rest, "}")
		require.True(t, found)
		tag := tagOf(one)
		require.Equal(t, string(tag[:]), inside)
		lane := laneOf(tag)
		require.True(t, lane >= 0 && lane < laneCount)
	})
}
