package resilience_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/resilience"
)

// FuzzRetryAfter holds the wait to the deadline, whatever the backend asks for.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{
		"", "0", "1", "-1", "120", "99999999999999999999", "2147483647", "1.5", "soon",
		"Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		b := &backend{tries: []try{{status: 503, header: http.Header{"Retry-After": {value}}}, {status: 200}}}
		x := request("GET", "")
		begun := time.Now()
		x.Deadline = begun.Add(40 * time.Millisecond)
		resp, err := retrying(t, resilience.RetryConfig{}, b)(t.Context(), x)
		require.NoError(t, err)
		require.Contains(t, []int{200, 503}, resp.StatusCode)
		require.Less(t, time.Since(begun), time.Second)
	})
}
