package redislimit

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"
)

func TestURLs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, url          string
		addrs              []string
		user, password     string
		database           int
		serverName, master string
	}{
		{"a host alone has the usual port", "redis://redis.internal", []string{"redis.internal:6379"}, "", "", 0, "", ""},
		{"a slash says nothing", "redis://redis.internal/", []string{"redis.internal:6379"}, "", "", 0, "", ""},
		{"a port and a database", "redis://10.0.0.1:6380/3", []string{"10.0.0.1:6380"}, "", "", 3, "", ""},
		{"an address of version 6", "redis://[::1]:6380", []string{"[::1]:6380"}, "", "", 0, "", ""},
		{"a password alone", "redis://:s3cret@h", []string{"h:6379"}, "", "s3cret", 0, "", ""},
		{"a password that is escaped", "redis://gateway:p%40ss%2Fw%3Ard%23@h", []string{"h:6379"}, "gateway", "p@ss/w:rd#", 0, "", ""},
		{"TLS verifies the name", "rediss://redis.internal:6380", []string{"redis.internal:6380"}, "", "", 0, "redis.internal", ""},
		{"further machines", "redis://a:1?addr=b:2&addr=c:3", []string{"a:1", "b:2", "c:3"}, "", "", 0, "", ""},
		{"sentinels", "redis://a:26379?master_set=shop", []string{"a:26379"}, "", "", 0, "", "shop"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o, err := parse(test.url)
			require.NoError(t, err)
			require.Equal(t, test.addrs, o.InitAddress)
			require.Equal(t, []any{test.user, test.password, test.database}, []any{o.Username, o.Password, o.SelectDB})
			require.Equal(t, test.master, o.Sentinel.MasterSet)
			require.Equal(t, test.serverName != "", o.TLSConfig != nil)
			if o.TLSConfig != nil {
				require.Equal(t, test.serverName, o.TLSConfig.ServerName)
				require.False(t, o.TLSConfig.InsecureSkipVerify)
			}
			require.True(t, o.DisableCache)
		})
	}
}

func TestURLsThatAreNone(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	tests := []struct {
		name, url string
		want      error // nil: any
	}{
		{"nothing", "", errScheme},
		{"no scheme", "localhost:6379", errURL},
		{"another scheme", "http://h", errScheme},
		{"no host", "redis:///0", errURL},
		{"no port after the colon", "redis://h:", errURL},
		{"a port that is none", "redis://h:0", errURL},
		{"a port beyond the last", "redis://h:65536", errURL},
		{"a user without a password", "redis://s3cret@h", errPassword},
		{"a database that is none", "redis://h/s3cret", errDatabase},
		{"a database below zero", "redis://h/-1", errDatabase},
		{"two databases", "redis://h/0/1", errDatabase},
		{"a parameter that nobody knows", "redis://h?timeout=1s", errParameter},
		{"verification that is turned off", "rediss://h?skip_verify=true", errParameter},
		{"a parameter said twice", "redis://h?master_set=a&master_set=b", errParameter},
		{"a query that is none", "redis://h?addr=%zz", errParameter},
		{"an addr without a port", "redis://h?addr=b", errAddr},
		{"a ca without TLS", "redis://h?ca=ca.pem", errPlainCA},
		{"a ca that is not there", "rediss://h?ca=/nonexistent/ca.pem", nil},
		{"a ca that is empty", "rediss://h?ca=" + empty, nil},
		{"a password with a number sign", "redis://:s3#cret@h", errURL},
		{"a password with a slash", "redis://:s3/cret@h", errURL},
		{"a password with a question mark", "redis://:s3?cret@h", errURL},
		{"a password with a per cent sign", "redis://:s3%cret@h", errURL},
		{"a bracket alone", "redis://]", errURL},
		{"a space", "redis://h h", errURL},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o, err := parse(test.url)
			require.Error(t, err)
			require.Equal(t, rueidis.ClientOption{}, o)
			if test.want != nil {
				require.ErrorIs(t, err, test.want)
			}
			require.NotContains(t, err.Error(), "cret")
			require.NotContains(t, err.Error(), "s3")
		})
	}
}
