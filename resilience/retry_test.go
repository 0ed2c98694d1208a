package resilience_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

func TestWhatIsSentAgain(t *testing.T) {
	t.Parallel()
	const (
		retried   = resilience.CodeRetried
		succeeded = resilience.CodeRetrySucceeded
		spent     = resilience.CodeAttemptsSpent
	)
	ok, unavailable := try{status: 200}, try{status: 503}
	for _, c := range []struct {
		name   string
		config resilience.RetryConfig
		method string
		body   string
		alter  func(x *pipeline.Exchange)
		tries  []try
		sent   int
		status int // 0: an error
		codes  []string
	}{
		{name: "what goes well is sent once", method: "GET", tries: []try{ok}, sent: 1, status: 200},
		{name: "a 503 is followed by another try", method: "GET", tries: []try{unavailable, ok}, sent: 2, status: 200, codes: []string{retried, succeeded}},
		{name: "a broken connection too", method: "GET", tries: []try{{err: errSent}, ok}, sent: 2, status: 200, codes: []string{retried, succeeded}},
		{name: "the last answer is the answer", method: "GET", tries: []try{unavailable}, sent: 2, status: 503, codes: []string{retried, spent}},
		{name: "so is the last error", method: "GET", tries: []try{{err: errSent}}, sent: 2, codes: []string{retried, spent}},
		{name: "as often as said", config: resilience.RetryConfig{Attempts: 4}, method: "GET", tries: []try{unavailable}, sent: 4, status: 503, codes: []string{retried, retried, retried, spent}},
		{name: "one attempt is no retry", config: resilience.RetryConfig{Attempts: 1}, method: "GET", tries: []try{unavailable}, sent: 1, status: 503, codes: []string{spent}},
		{name: "the body is sent again", method: "PUT", body: "body", tries: []try{unavailable, ok}, sent: 2, status: 200, codes: []string{retried, succeeded}},
		{name: "a POST that was sent is not", method: "POST", body: "body", tries: []try{{err: errSent}}, sent: 1, codes: []string{resilience.CodeNotRepeatable}},
		{name: "nor one that was answered", method: "POST", body: "body", tries: []try{unavailable}, sent: 1, status: 503, codes: []string{resilience.CodeNotRepeatable}},
		{name: "a POST that did not leave is", method: "POST", body: "body", tries: []try{{err: errDial}, ok}, sent: 2, status: 200, codes: []string{retried, succeeded}},
		{name: "so is one with a key", method: "POST", body: "body", alter: func(x *pipeline.Exchange) { x.In.Header.Set("Idempotency-Key", "1") }, tries: []try{{err: errSent}, ok}, sent: 2, status: 200, codes: []string{retried, succeeded}},
		{name: "methods may be named", config: resilience.RetryConfig{Methods: []string{"PATCH"}}, method: "PATCH", body: "body", tries: []try{unavailable, ok}, sent: 2, status: 200, codes: []string{retried, succeeded}},
		{name: "then no others count", config: resilience.RetryConfig{Methods: []string{"PATCH"}}, method: "GET", tries: []try{unavailable}, sent: 1, status: 503, codes: []string{resilience.CodeNotRepeatable}},
		{name: "a long body is not kept", config: resilience.RetryConfig{MaxBody: 3}, method: "PUT", body: "body", tries: []try{unavailable}, sent: 1, status: 503, codes: []string{resilience.CodeNotReplayable}},
		{name: "a body of unknown length streams", method: "PUT", body: "body", alter: func(x *pipeline.Exchange) { x.In.ContentLength = -1 }, tries: []try{unavailable}, sent: 1, status: 503, codes: []string{resilience.CodeNotReplayable}},
		{name: "a 500 is an answer", method: "GET", tries: []try{{status: 500}}, sent: 1, status: 500},
		{name: "statuses may be named", config: resilience.RetryConfig{Statuses: []int{500}}, method: "GET", tries: []try{{status: 500}, ok}, sent: 2, status: 200, codes: []string{retried, succeeded}},
		{name: "a 429 is an answer", method: "GET", tries: []try{{status: 429}}, sent: 1, status: 429},
		{name: "an open breaker is left alone", method: "GET", tries: []try{{err: &pipeline.UpstreamError{Kind: pipeline.UpstreamBreakerOpen}}}, sent: 1},
		{name: "a full endpoint is not pressed", method: "GET", tries: []try{{err: &pipeline.UpstreamError{Kind: pipeline.UpstreamOverloaded}}}, sent: 1},
		{name: "a refusal stands", method: "GET", tries: []try{{err: pipeline.Refuse(503, "no", "")}}, sent: 1, codes: []string{"no"}},
		{name: "an error of the gateway is none of the backend", method: "GET", tries: []try{{err: errors.New("bug")}}, sent: 1},
		{name: "an upgrade is asked for once", method: "GET", alter: func(x *pipeline.Exchange) { x.Upgrade = "websocket" }, tries: []try{unavailable}, sent: 1, status: 503},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, x := &backend{tries: c.tries}, request(c.method, c.body)
				if c.alter != nil {
					c.alter(x)
				}
				resp, err := retrying(t, c.config, b)(t.Context(), x)
				status := 0
				if err == nil {
					status = resp.StatusCode
					require.NoError(t, resp.Body.Close())
					require.Equal(t, answered(c.tries, c.sent), b.closed, "each response is closed")
				}
				require.Equal(t, c.status, status)
				require.Len(t, b.sent, c.sent)
				for _, sent := range b.sent {
					require.Equal(t, c.body, sent)
				}
				require.Equal(t, c.codes, codes(x))
			})
		})
	}
}

// answered counts the tries that had a response.
func answered(tries []try, sent int) int {
	n := 0
	for i := range sent {
		if tries[min(i, len(tries)-1)].err == nil {
			n++
		}
	}
	return n
}

func TestEditsOfOneTryDoNotReachTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		b := &backend{tries: []try{{status: 503, do: func(x *pipeline.Exchange) {
			seen = append(seen, x.Get("X-Try")+x.Target())
			x.Add("X-Try", strconv.Itoa(len(seen)))
			x.SetTarget("/elsewhere")
			x.Hasten(time.Now().Add(time.Hour))
		}}}}
		x := request("GET", "")
		_, err := retrying(t, resilience.RetryConfig{Attempts: 3}, b)(t.Context(), x)
		require.NoError(t, err)
		require.Equal(t, []string{"/", "/", "/"}, seen)
		require.True(t, x.Deadline.IsZero())
	})
}

func TestTheWaitDoublesUpToItsBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var at []time.Duration
		b := &backend{tries: []try{{status: 503, do: func(*pipeline.Exchange) { at = append(at, time.Since(begun)) }}}}
		c := resilience.RetryConfig{Attempts: 4, Backoff: resilience.Backoff{
			Base: registry.Duration(10 * time.Millisecond), Max: registry.Duration(35 * time.Millisecond),
		}}
		_, err := retrying(t, c, b)(t.Context(), request("GET", ""))
		require.NoError(t, err)
		ms := time.Millisecond
		require.Equal(t, []time.Duration{0, 10 * ms, 30 * ms, 65 * ms}, at)
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		after    func() string
		deadline time.Duration
		sent     int
		took     time.Duration
		code     string
	}{
		{"in seconds", func() string { return "2" }, 3 * time.Second, 2, 2 * time.Second, resilience.CodeRetrySucceeded},
		{"as a date", func() string { return time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat) }, 3 * time.Second, 2, 2 * time.Second, resilience.CodeRetrySucceeded},
		{"not beyond the deadline", func() string { return "2" }, time.Second, 1, 0, resilience.CodeRetryNoTime},
		{"nor beyond all measure", func() string { return "Fri, 31 Dec 9999 23:59:59 GMT" }, time.Second, 1, 0, resilience.CodeRetryNoTime},
		{"in more seconds than there are", func() string { return "99999999999999999999" }, time.Second, 1, 0, resilience.CodeRetryNoTime},
		{"without a deadline not for long", func() string { return "60" }, 0, 1, 0, resilience.CodeRetryNoTime},
		{"what is no time counts for nothing", func() string { return "soon" }, time.Second, 2, 25 * time.Millisecond, resilience.CodeRetrySucceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &backend{tries: []try{{status: 503, header: http.Header{"Retry-After": {c.after()}}}, {status: 200}}}
				x := request("GET", "")
				if c.deadline > 0 {
					x.Deadline = time.Now().Add(c.deadline)
				}
				begun := time.Now()
				_, err := retrying(t, resilience.RetryConfig{}, b)(t.Context(), x)
				require.NoError(t, err)
				require.Len(t, b.sent, c.sent)
				require.Equal(t, c.took, time.Since(begun))
				require.Equal(t, c.code, codes(x)[len(codes(x))-1])
			})
		})
	}
}

func TestTheBudgetBoundsRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &backend{tries: []try{{err: errDial}}}
		serve := retrying(t, resilience.RetryConfig{Budget: 0.1, Backoff: resilience.Backoff{Base: 1, Max: 1}}, b)
		refused := 0
		for range 100 {
			x := request("GET", "")
			_, err := serve(t.Context(), x)
			require.Error(t, err)
			if codes(x)[0] == resilience.CodeRetryBudgetSpent {
				refused++
			}
		}
		require.Equal(t, 110, len(b.sent), "a tenth of a hundred requests")
		require.Equal(t, 90, refused)

		time.Sleep(11 * time.Second) // virtual: the window passes
		b.sent = nil
		for range 5 {
			_, _ = serve(t.Context(), request("GET", ""))
		}
		require.Len(t, b.sent, 8, "three retries a second are free")
	})
}

func TestAClientThatLeftIsNotRetriedFor(t *testing.T) {
	t.Parallel()
	t.Run("during the try", func(t *testing.T) {
		t.Parallel()
		ctx, leave := context.WithCancel(t.Context())
		b := &backend{tries: []try{{err: errDial, do: func(*pipeline.Exchange) { leave() }}}}
		_, err := retrying(t, resilience.RetryConfig{}, b)(ctx, request("GET", ""))
		require.ErrorIs(t, err, errDial)
		require.Len(t, b.sent, 1)
	})
	t.Run("during the wait", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, leave := context.WithCancel(t.Context())
			time.AfterFunc(5*time.Millisecond, leave)
			b := &backend{tries: []try{{status: 503}}}
			_, err := retrying(t, resilience.RetryConfig{}, b)(ctx, request("GET", ""))
			require.ErrorIs(t, err, context.Canceled)
			require.Len(t, b.sent, 1)
			require.Equal(t, 1, b.closed)
		})
	})
}

func TestEveryFaultOfRetryIsReported(t *testing.T) {
	t.Parallel()
	err := registry.Decode([]byte(`{"attempts":11,"statuses":[404],"methods":["get"],"budget":2,
		"backoff":{"base":"2s","max":"1s"},"max_body":-1}`), &resilience.RetryConfig{})
	var fields []string
	for _, f := range registry.AsFaults(err) {
		fields = append(fields, f.Field)
	}
	require.Equal(t, []string{"/attempts", "/statuses/0", "/methods/0", "/budget", "/backoff/max", "/max_body"}, fields)
	require.True(t, strings.Contains(err.Error(), "want a status of 500 to 599"))
	_, err = resilience.NewRetry(resilience.RetryConfig{Budget: -1})
	require.Error(t, err)
}

func TestRetryIsBuiltFromAPolicy(t *testing.T) {
	t.Parallel()
	require.Equal(t, `{"attempts":3,"budget":0.5}`, string(resilience.RetryPolicy(resilience.RetryConfig{Attempts: 3, Budget: 0.5}).Config))
	kinds, err := pipeline.NewKinds(resilience.RetryKind(), resilience.TimeoutKind())
	require.NoError(t, err)
	require.Len(t, kinds.All(), 2)
}

func BenchmarkRetryThatIsNotNeeded(b *testing.B) {
	stages, err := resilience.NewRetry(resilience.RetryConfig{})
	require.NoError(b, err)
	x := request("GET", "")
	resp := pipeline.Respond(x, 200, "", nil)
	serve := stages[0].Wrap(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return resp, nil })
	ctx := context.Background()
	x.Start = time.Now()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = serve(ctx, x)
	}
}
