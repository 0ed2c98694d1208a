package resilience_test

import (
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
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

// FuzzTheTimeoutOfACaller holds what the backend is told to the form of gRPC
// and to the time that there is.
func FuzzTheTimeoutOfACaller(f *testing.F) {
	for _, value := range []string{"", "1S", "99999999H", "5n", "0m", "1", "+1", "000000001S", "1 S", "2000000u", "１S"} {
		f.Add(value)
	}
	stages, err := resilience.NewTimeout(resilience.TimeoutConfig{Total: registry.Duration(time.Second), Send: "grpc-timeout"})
	require.NoError(f, err)
	form := regexp.MustCompile(`^[0-9]{1,8}[HMSmun]$`)
	f.Fuzz(func(t *testing.T, value string) {
		x := request("GET", "")
		x.In.Header["Grpc-Timeout"] = []string{value}
		_, err := pipeline.Chain(status(200), stages...)(t.Context(), x)
		require.NoError(t, err)
		sent := x.Get("Grpc-Timeout")
		require.Regexp(t, form, sent, "whatever the caller says")
		n, err := strconv.Atoi(sent[:len(sent)-1])
		require.NoError(t, err)
		unit := map[byte]time.Duration{
			'n': 1, 'u': time.Microsecond, 'm': time.Millisecond, 'S': time.Second, 'M': time.Minute, 'H': time.Hour,
		}[sent[len(sent)-1]]
		require.True(t, n == 0 || unit <= time.Second/time.Duration(n), "%s is longer than there is", sent)
	})
}
