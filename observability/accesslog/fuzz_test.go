package accesslog_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/observability/internal/exchangetest"
	"github.com/stretchr/testify/require"
)

func FuzzLine(f *testing.F) {
	f.Add("/users/42", "curl/8", "boom", "id-1", "a=1")
	f.Add("/\x1b[31m\u202e", "Bearer x", "password=\"a", "\r\n", "%zz")
	f.Fuzz(func(t *testing.T, path, agent, cause, id, query string) {
		x, s := exchangetest.New()
		x.ID, x.In.URL.Path, x.In.URL.RawQuery = id, path, query
		x.In.Header["User-Agent"] = []string{agent}
		s.Err = errors.New(cause)
		line := one(t, x, s, accesslog.Query())
		fields(t, line)
		require.Equal(t, 1, strings.Count(line, "\n"))
		require.Less(t, len(line), 8*6*accesslog.DefaultMaxField)
	})
}
