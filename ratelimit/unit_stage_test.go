package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

// parts is a body of which each Read brings one part; it may break after them.
type parts struct {
	left   []string
	err    error
	closed int
}

func (p *parts) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		if p.err != nil {
			return 0, p.err
		}
		return 0, io.EOF
	}
	n := copy(b, p.left[0])
	if p.left[0] = p.left[0][n:]; p.left[0] == "" {
		p.left = p.left[1:]
	}
	return n, nil
}

func (p *parts) Close() error { p.closed++; return nil }

// answering answers 200 with a body of the type, and fields in turn.
func answering(contentType string, body io.ReadCloser, fields ...string) pipeline.Handler {
	return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, http.StatusOK, contentType, nil)
		resp.Body, resp.ContentLength = body, -1
		for i := 0; i < len(fields); i += 2 {
			resp.Header.Set(fields[i], fields[i+1])
		}
		return resp, nil
	}
}

func unitStage(t testing.TB, l ratelimit.Limiter, c ratelimit.UnitConfig) pipeline.Stage {
	t.Helper()
	stage, err := ratelimit.NewUnits(&pipeline.Env{}, l, c)
	require.NoError(t, err)
	return stage
}

// bySubject counts a unit for each subject, far from any limit.
func bySubject(unit string) ratelimit.UnitConfig {
	return ratelimit.UnitConfig{Unit: unit, Per: "subject", Rate: rate(1000, time.Minute)}
}

// roomy is a limiter with room for everything.
func roomy() *gatewaytest.Limiter {
	return &gatewaytest.Limiter{Result: ratelimit.Result{Allowed: true, Remaining: 1 << 40}}
}

// sum returns what was taken and charged altogether.
func sum(l *gatewaytest.Limiter) (n int64) {
	for _, a := range append(l.Asks(), l.Charges()...) {
		n += a.N
	}
	return n
}

// whole sends an exchange and reads its answer to the end.
func whole(t testing.TB, stage pipeline.Stage, last pipeline.Handler) (*pipeline.Exchange, string, error) {
	t.Helper()
	x := from("sub-1")
	resp, err := pipeline.Chain(last, stage)(t.Context(), x)
	if err != nil {
		require.NoError(t, x.Finish(&pipeline.Summary{}))
		return x, "", err
	}
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, resp.Body.Close())
	require.NoError(t, x.Finish(&pipeline.Summary{}))
	return x, string(body), err
}

const (
	sse    = "text/event-stream"
	ndjson = "application/x-ndjson"
	doc    = "application/json"
)

func TestWhatAnAnswerComesToIsCharged(t *testing.T) {
	t.Parallel()
	stated := "data: {\"usage\":null}\n\ndata: {\"usage\":{\"total_tokens\":40}}\n\ndata: [DONE]\n\n"
	for _, test := range []struct {
		name      string
		config    ratelimit.UnitConfig
		kind      string
		body      string
		fields    []string
		want      int64
		estimated bool
	}{
		{"bytes", bySubject("bytes"), "image/png", strings.Repeat("x", 777), nil, 777, false},
		{"bytes that are encoded", bySubject("bytes"), doc, "xyz", []string{"Content-Encoding", "gzip"}, 3, false},
		{"events of a stream", bySubject("events"), sse, "data: a\n\n: ping\n\ndata: b\r\n\r\n", nil, 2, false},
		{"lines", bySubject("events"), ndjson, "{}\n\n{}\n{}", nil, 3, false},
		{"one answer", bySubject("events"), "text/plain", "hello\n\nthere", nil, 1, false},
		{"one answer that is encoded", bySubject("events"), doc, "hello", []string{"Content-Encoding", "br"}, 1, false},
		{"tokens of a stream", bySubject("tokens"), sse, stated, nil, 40, false},
		{"tokens of a document", bySubject("tokens"), doc, `{"choices":[],"usage":{"total_tokens":123}}`, nil, 123, false},
		{"no tokens, where it says so", bySubject("tokens"), doc, `{"usage":{"total_tokens":0}}`, nil, 0, false},
		{"nothing", bySubject("tokens"), doc, ``, nil, 0, true},
		{"a token for each event that is not stated", bySubject("tokens"), sse, strings.Repeat("data: {}\n\n", 9), nil, 9, true},
		{"a token for 4 bytes of what states none", bySubject("tokens"), doc, `{"text":"1"}` + " ", nil, 4, true},
		{"a token for a byte that is encoded", bySubject("tokens"), doc, "0123456789", []string{"Content-Encoding", "gzip"}, 10, true},
		{"what each answer counts as", with(bySubject("tokens"), func(c *ratelimit.UnitConfig) { c.Estimate = &ratelimit.Estimate{PerAnswer: 500} }), doc, `{}`, nil, 500, true},
		{"several for each event", with(bySubject("tokens"), func(c *ratelimit.UnitConfig) { c.Estimate = &ratelimit.Estimate{PerEvent: 3} }), ndjson, "1\n2\n", nil, 6, true},
		{"a sum of two paths", with(bySubject("tokens"), func(c *ratelimit.UnitConfig) { c.Paths = []string{"message.usage.input_tokens", "usage.output_tokens"} }),
			sse, "data: {\"message\":{\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\ndata: {\"usage\":{\"output_tokens\":15}}\n\n", nil, 40, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := roomy()
			x, body, err := whole(t, unitStage(t, l, test.config), answering(test.kind, &parts{left: []string{test.body}}, test.fields...))
			require.NoError(t, err)
			require.Equal(t, test.body, body)
			require.Equal(t, test.want, sum(l))
			u := x.Usage()
			require.Equal(t, [...]any{"unit_limit", test.config.Unit, test.want, test.estimated}, [...]any{u.Policy, u.Unit, u.N, u.Estimated})
			require.Nil(t, u.Next())
		})
	}
}

func with(c ratelimit.UnitConfig, set func(*ratelimit.UnitConfig)) ratelimit.UnitConfig {
	set(&c)
	return c
}

func TestAnAnswerOfAnErrorCountsWhatItStates(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int64{`{"error":"overloaded"}`: 0, `{"usage":{"total_tokens":3}}`: 3} {
		l := roomy()
		_, _, err := whole(t, unitStage(t, l, bySubject("tokens")), func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			resp, err := answering(doc, &parts{left: []string{body}})(ctx, x)
			resp.StatusCode = http.StatusServiceUnavailable
			return resp, err
		})
		require.NoError(t, err)
		require.Equal(t, want, sum(l))
	}
}

func TestWhatWasReservedIsGivenBack(t *testing.T) {
	t.Parallel()
	failing := errors.New("no answer")
	for name, last := range map[string]pipeline.Handler{
		"where there is no answer": func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, failing },
		"where there is no body": func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
			return pipeline.Respond(x, http.StatusNoContent, "", nil), nil
		},
		"where it becomes a tunnel": func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
			resp := pipeline.Respond(x, http.StatusSwitchingProtocols, "", nil)
			resp.Body = &parts{left: []string{"frames"}}
			return resp, nil
		},
		"where the answer is empty": answering(sse, &parts{}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := roomy()
			x, _, _ := whole(t, unitStage(t, l, with(bySubject("events"), func(c *ratelimit.UnitConfig) { c.Reserve = 50 })), last)
			require.EqualValues(t, 50, l.Asks()[0].N)
			require.Len(t, l.Charges(), 1)
			require.Zero(t, sum(l))
			require.Zero(t, x.Usage().N)
		})
	}
	t.Run("where the next handler panics", func(t *testing.T) {
		t.Parallel()
		l := roomy()
		x := from("sub-1")
		serve := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) { panic("inside") }, unitStage(t, l, bySubject("events")))
		require.Panics(t, func() { _, _ = serve(t.Context(), x) })
		require.NoError(t, x.Finish(&pipeline.Summary{}))
		require.Zero(t, sum(l))
	})
}

// TestWhateverTheEndItIsChargedOnce sends streams of chance, of which the client
// reads a part, or all, or the backend breaks: what was read is charged, once.
func TestWhateverTheEndItIsChargedOnce(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 2))
	synctest.Test(t, func(t *testing.T) {
		for range 300 {
			l, body := roomy(), &parts{}
			for range random.IntN(20) {
				body.left = append(body.left, strings.Repeat("data: {}\n\n", 1+random.IntN(3)))
			}
			if random.IntN(3) == 0 {
				body.err = io.ErrUnexpectedEOF
			}
			unit := []string{"bytes", "events", "tokens"}[random.IntN(3)]
			reserve := random.Int64N(30)
			stage := unitStage(t, l, with(bySubject(unit), func(c *ratelimit.UnitConfig) { c.Reserve = reserve }))
			x := from("sub-1")
			resp, err := pipeline.Chain(answering(sse, body), stage)(t.Context(), x)
			require.NoError(t, err)
			var read int64
			buf := make([]byte, 7)
			for range random.IntN(100) {
				n, err := resp.Body.Read(buf)
				if read += int64(n); err != nil {
					break
				}
				time.Sleep(time.Duration(random.IntN(2)) * 700 * time.Millisecond)
			}
			require.NoError(t, resp.Body.Close())
			require.NoError(t, x.Finish(&pipeline.Summary{}))
			want := read
			if unit != "bytes" {
				want = read / int64(len("data: {}\n\n"))
			}
			require.Equal(t, want, sum(l), "%s, %d bytes were read", unit, read)
			require.Equal(t, want, x.Usage().N)
			require.Equal(t, 1, body.closed)
		}
	})
}

func TestALongAnswerIsChargedAsItGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, body := roomy(), &parts{}
		for range 3600 {
			body.left = append(body.left, "data: {}\n\n")
		}
		x := from("sub-1")
		resp, err := pipeline.Chain(answering(sse, body), unitStage(t, l, bySubject("events")))(t.Context(), x)
		require.NoError(t, err)
		buf := make([]byte, 64)
		for n := range 3600 {
			_, err := resp.Body.Read(buf)
			require.NoError(t, err)
			require.GreaterOrEqual(t, sum(l), int64(n-9), "of a second nothing is charged yet")
			time.Sleep(100 * time.Millisecond)
		}
		require.LessOrEqual(t, len(l.Charges()), 361)
		require.NoError(t, x.Finish(&pipeline.Summary{}))
		require.EqualValues(t, 3600, sum(l))
	})
}

func TestWhoOwesIsRefusedUntilItIsPaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		memory := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		stage := unitStage(t, memory, with(bySubject("tokens"), func(c *ratelimit.UnitConfig) { c.Rate = rate(60, time.Minute) }))
		large := func() pipeline.Handler {
			return answering(doc, &parts{left: []string{`{"usage":{"total_tokens":90}}`}})
		}
		x, body, err := whole(t, stage, large())
		require.NoError(t, err, "the last answer may go beyond")
		require.NotEmpty(t, body)
		require.Equal(t, "59", x.Reply.Get("X-RateLimit-Remaining"))
		require.Equal(t, `"tokens:60/minute";q=60;qu="tokens";w=60`, x.Reply.Get("RateLimit-Policy"))

		x, _, err = whole(t, stage, large())
		var p *pipeline.Problem
		require.ErrorAs(t, err, &p)
		require.Equal(t, ratelimit.CodeSpent, p.Code)
		require.Equal(t, http.StatusTooManyRequests, p.Status)
		require.Equal(t, "31", p.Header.Get("Retry-After"))
		require.Equal(t, "0", x.Reply.Get("X-RateLimit-Remaining"))
		require.Nil(t, x.Usage())
		d := x.Decisions()[0]
		require.Equal(t, [...]any{"unit_limit", "tokens:60/minute", pipeline.Deny, ratelimit.CodeSpent}, [...]any{d.Stage, d.Rule, d.Verdict, d.Code})

		time.Sleep(31 * time.Second)
		_, _, err = whole(t, stage, large())
		require.NoError(t, err)
	})
}

func TestAnAnswerIsCutWhereTheLimitIsUsedUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		memory := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		c := with(bySubject("events"), func(c *ratelimit.UnitConfig) { c.Rate, c.Over = rate(10, time.Hour), "cut" })
		stage := unitStage(t, memory, c)
		body := &parts{left: strings.SplitAfter(strings.Repeat("data: {}\n\n,", 30), ",")}
		for i := range body.left {
			body.left[i] = strings.TrimSuffix(body.left[i], ",")
		}
		body.left = body.left[:30]
		x, got, err := whole(t, stage, answering(sse, body))
		var p *pipeline.Problem
		require.ErrorAs(t, err, &p, "the answer does not end as a whole one does")
		require.Equal(t, ratelimit.CodeSpent, p.Code)
		require.Equal(t, strings.Repeat("data: {}\n\n", 11), got, "the event that goes beyond is the last")
		require.EqualValues(t, 11, x.Usage().N)
		last := x.Decisions()[len(x.Decisions())-1]
		require.Equal(t, [...]any{pipeline.Deny, ratelimit.CodeSpent}, [...]any{last.Verdict, last.Code})
	})
}

func TestAnAnswerThatIsWholeIsNotCut(t *testing.T) {
	t.Parallel()
	memory := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	c := with(bySubject("tokens"), func(c *ratelimit.UnitConfig) { c.Rate, c.Over = rate(10, time.Hour), "cut" })
	_, _, err := whole(t, unitStage(t, memory, c), answering(doc, &parts{left: []string{`{"usage":{"total_tokens":90}}`}}))
	require.NoError(t, err)
}

func TestOtherAnswersOfTheCallerCutOneToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		memory := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		c := with(bySubject("events"), func(c *ratelimit.UnitConfig) { c.Rate, c.Over = rate(10, time.Hour), "cut" })
		stage := unitStage(t, memory, c)
		x := from("sub-1")
		event := "data: {}\n\n"
		resp, err := pipeline.Chain(answering(sse, &parts{left: []string{event, event, event, event, event}}), stage)(t.Context(), x)
		require.NoError(t, err)
		buf := make([]byte, 64)
		for range 2 {
			_, err = resp.Body.Read(buf)
			require.NoError(t, err)
		}
		_, _, err = whole(t, stage, answering(doc, &parts{left: []string{"x"}}))
		require.NoError(t, err)
		_, _, err = whole(t, stage, answering(sse, &parts{left: []string{strings.Repeat(event, 20)}}))
		require.NoError(t, err)
		time.Sleep(time.Second)
		_, err = resp.Body.Read(buf)
		var p *pipeline.Problem
		require.ErrorAs(t, err, &p)
		require.NoError(t, x.Finish(&pipeline.Summary{}))
	})
}

func TestTheAnswerIsPassedOnAsItComes(t *testing.T) {
	t.Parallel()
	l := roomy()
	x := from("sub-1")
	trailer := http.Header{"X-Sum": nil}
	resp, err := pipeline.Chain(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp, err := answering(doc, &parts{left: []string{"{", "}"}}, "Etag", `"1"`, "Content-Length", "2")(ctx, x)
		resp.ContentLength, resp.Trailer = 2, trailer
		return resp, err
	}, unitStage(t, l, bySubject("tokens")))(t.Context(), x)
	require.NoError(t, err)
	require.EqualValues(t, 2, resp.ContentLength)
	require.Equal(t, `"1"`, resp.Header.Get("Etag"))
	require.Equal(t, "2", resp.Header.Get("Content-Length"))
	require.Equal(t, []string{"identity"}, x.Values("Accept-Encoding"))
	buf := make([]byte, 64)
	for _, want := range []string{"{", "}"} {
		n, err := resp.Body.Read(buf)
		require.NoError(t, err)
		require.Equal(t, want, string(buf[:n]), "each part by itself")
	}
	trailer.Set("X-Sum", "1")
	_, err = resp.Body.Read(buf)
	require.Equal(t, io.EOF, err)
	require.Equal(t, "1", resp.Trailer.Get("X-Sum"))
	require.NoError(t, x.Finish(&pipeline.Summary{}))
}

func TestAStreamThatCannotBeReadIsWithheld(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{sse, ndjson} {
		l, body := roomy(), &parts{left: []string{"x"}}
		_, _, err := whole(t, unitStage(t, l, bySubject("events")), answering(kind, body, "Content-Encoding", "gzip"))
		var p *pipeline.Problem
		require.ErrorAs(t, err, &p)
		require.Equal(t, ratelimit.CodeUncountable, p.Code)
		require.Equal(t, http.StatusBadGateway, p.Status)
		require.Equal(t, 1, body.closed)
		require.Zero(t, sum(l))
	}
}

// faulty is a limiter whose charges fail as told, one after the other.
type faulty struct {
	*gatewaytest.Limiter
	errs []error
	took int64 // of charges that did not fail
}

func (f *faulty) Charge(ctx context.Context, asks []ratelimit.Ask, results []ratelimit.Result) error {
	var err error
	if len(f.errs) > 0 {
		err, f.errs = f.errs[0], f.errs[1:]
	}
	if err == nil {
		f.took += asks[0].N
		return f.Limiter.Charge(ctx, asks, results)
	}
	clear(results)
	return err
}

func TestAChargeThatFails(t *testing.T) {
	t.Parallel()
	perhaps := errors.New("no answer in time")
	uncharged := fmt.Errorf("%w: away", ratelimit.ErrUncharged)
	for _, test := range []struct {
		name string
		errs []error
		want int64 // of 40 events, the first of which was reserved
		warn bool
	}{
		{"is not made again where it may have been made", []error{perhaps}, 30, true},
		{"is made again where nothing was charged", []error{uncharged, uncharged}, 39, false},
		{"is told where it is the last", []error{nil, nil, nil, uncharged}, 29, true},
		{"is told where it is the last and was perhaps made", []error{nil, nil, nil, perhaps}, 29, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &faulty{Limiter: roomy(), errs: test.errs}
				x := from("sub-1")
				body := &parts{left: strings.SplitAfterN(strings.Repeat("data: {}\n\n", 40), "\n\n", 40)}
				resp, err := pipeline.Chain(answering(sse, body), unitStage(t, l, bySubject("events")))(t.Context(), x)
				require.NoError(t, err)
				buf := make([]byte, 64)
				for range 40 {
					_, err := resp.Body.Read(buf)
					require.NoError(t, err, "no fault of the limiter harms an answer that is under way")
					time.Sleep(100 * time.Millisecond)
				}
				require.NoError(t, x.Finish(&pipeline.Summary{}))
				require.Equal(t, test.want, l.took)
				last := x.Decisions()[len(x.Decisions())-1]
				require.Equal(t, test.warn, last.Verdict == pipeline.Warn && last.Code == ratelimit.CodeUncharged)
			})
		})
	}
}

func TestWhatHappensWhileTheUnitsCannotBeCounted(t *testing.T) {
	t.Parallel()
	away := func() *gatewaytest.Limiter { return &gatewaytest.Limiter{Err: errors.New("away")} }
	event := "data: {}\n\n"
	t.Run("refuse", func(t *testing.T) {
		t.Parallel()
		_, _, err := whole(t, unitStage(t, away(), bySubject("events")), answering(sse, &parts{}))
		var p *pipeline.Problem
		require.ErrorAs(t, err, &p)
		require.Equal(t, ratelimit.CodeUnavailable, p.Code)
	})
	t.Run("allow", func(t *testing.T) {
		t.Parallel()
		l := away()
		stage := unitStage(t, l, with(bySubject("events"), func(c *ratelimit.UnitConfig) { c.OnError = "allow" }))
		x, _, err := whole(t, stage, answering(sse, &parts{left: []string{event, event}}))
		require.NoError(t, err)
		require.EqualValues(t, 2, x.Usage().N, "what it came to is told all the same")
		require.Equal(t, ratelimit.CodeUnavailable, x.Decisions()[0].Code)
	})
	t.Run("local", func(t *testing.T) {
		t.Parallel()
		c := with(bySubject("events"), func(c *ratelimit.UnitConfig) { c.OnError, c.Rate = "local", rate(10, time.Hour) })
		stage := unitStage(t, away(), c)
		x, _, err := whole(t, stage, answering(sse, &parts{left: []string{strings.Repeat(event, 6)}}))
		require.NoError(t, err)
		require.Equal(t, ratelimit.CodeDegraded, x.Decisions()[0].Code)
		_, _, err = whole(t, stage, answering(sse, &parts{}))
		var p *pipeline.Problem
		require.ErrorAs(t, err, &p, "the share of 5 is owed")
		require.Equal(t, ratelimit.CodeSpent, p.Code)
	})
	t.Run("local, when it goes away during an answer", func(t *testing.T) {
		t.Parallel()
		c := with(bySubject("events"), func(c *ratelimit.UnitConfig) { c.OnError, c.Rate = "local", rate(10, time.Hour) })
		l := roomy()
		stage := unitStage(t, l, c)
		x, _, err := whole(t, stage, func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			l.Err = errors.New("away")
			return answering(sse, &parts{left: []string{strings.Repeat(event, 9)}})(ctx, x)
		})
		require.NoError(t, err)
		require.NotEqual(t, ratelimit.CodeUncharged, x.Decisions()[len(x.Decisions())-1].Code)
		_, _, err = whole(t, stage, answering(sse, &parts{}))
		var p *pipeline.Problem
		require.ErrorAs(t, err, &p, "the share of 5 is owed")
	})
}

func TestALimiterThatCannotChargeIsRefused(t *testing.T) {
	t.Parallel()
	_, err := ratelimit.NewUnits(&pipeline.Env{}, fake{}, bySubject("tokens"))
	require.ErrorContains(t, err, "cannot be charged")
	require.Equal(t, "/store", registry.AsFaults(err)[0].Field)
}

func TestThePlanSaysHowManyUnits(t *testing.T) {
	t.Parallel()
	stage := unitStage(t, ratelimit.NewMemory(ratelimit.MemoryConfig{}), ratelimit.UnitConfig{Unit: "tokens"})
	spend := func(plan *registry.Plan) string {
		x := from("sub-1")
		x.Subscription.Plan = plan
		resp, err := pipeline.Chain(answering(doc, &parts{left: []string{`{"usage":{"total_tokens":90}}`}}), stage)(t.Context(), x)
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
		}
		require.NoError(t, x.Finish(&pipeline.Summary{}))
		return x.Decisions()[0].Code
	}
	small := &registry.Plan{Units: registry.Units{Tokens: []registry.Limit{{Rate: rate(10, time.Hour)}}}}
	large := &registry.Plan{Units: registry.Units{Tokens: []registry.Limit{{Rate: rate(1000, time.Hour)}, {Rate: rate(5000, 24*time.Hour)}, {Rate: rate(50000, 240*time.Hour)}}}}
	require.Equal(t, ratelimit.CodeUnlimited, spend(nil))
	require.Equal(t, ratelimit.CodeUnlimited, spend(&registry.Plan{Units: registry.Units{Bytes: small.Units.Tokens}}))
	require.Empty(t, spend(small))
	require.Equal(t, ratelimit.CodeSpent, spend(small))
	require.Empty(t, spend(large), "what is owed under one plan is not owed under another")
	require.Equal(t, ratelimit.CodeSpent, spend(small))
}

func TestUnitsOfOneNameAndAnotherUnitAreApart(t *testing.T) {
	t.Parallel()
	memory := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	few := func(unit string) pipeline.Stage {
		return unitStage(t, memory, with(bySubject(unit), func(c *ratelimit.UnitConfig) { c.Rate = rate(3, time.Hour) }))
	}
	_, _, err := whole(t, few("bytes"), answering(sse, &parts{left: []string{"data: {}\n\n"}}))
	require.NoError(t, err)
	_, _, err = whole(t, few("events"), answering(sse, &parts{left: []string{"data: {}\n\n"}}))
	require.NoError(t, err)
}

func TestEveryFaultOfAUnitLimitIsReported(t *testing.T) {
	t.Parallel()
	long := `["a","a","a","a","a","a","a","a","a"]`
	for _, test := range []struct {
		name, config string
		fields       []string
	}{
		{"nothing", `{}`, []string{"/unit"}},
		{"what is unknown", `{"unit":"words","per":"planet","over":"stop","scope":"x","headers":"x","on_error":"x"}`,
			[]string{"/unit", "/over", "/per", "/scope", "/headers", "/on_error", "/rate"}},
		{"what is out of bounds", `{"unit":"tokens","reserve":-1,"every":"1ms","paths":` + long + `,"estimate":{"per_event":-1,"bytes_per_token":-1,"per_answer":-1}}`,
			[]string{"/reserve", "/every", "/paths", "/estimate/per_event", "/estimate/bytes_per_token", "/estimate/per_answer"}},
		{"what is of tokens alone", `{"unit":"bytes","paths":["a"],"estimate":{}}`, []string{"/paths", "/estimate"}},
		{"a reserve that is never there", `{"unit":"bytes","rate":"5/s","reserve":6}`, []string{"/reserve"}},
		{"an estimate of two sorts", `{"unit":"tokens","estimate":{"per_event":1,"per_answer":2}}`, []string{"/estimate/per_answer"}},
		{"what is no path", `{"unit":"tokens","paths":["a","#.b"]}`, []string{"/paths/1"}},
		{"no rate for addresses", `{"unit":"tokens","per":"address"}`, []string{"/rate"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var fields []string
			for _, f := range registry.AsFaults(registry.Decode([]byte(test.config), &ratelimit.UnitConfig{})) {
				fields = append(fields, f.Field)
			}
			require.Equal(t, test.fields, fields)
		})
	}
	_, err := ratelimit.NewUnits(&pipeline.Env{}, roomy(), ratelimit.UnitConfig{})
	require.Error(t, err)
}

// BenchmarkUnits measures an answer of 4 KiB of events, with its check before
// and its charge after.
func BenchmarkUnits(b *testing.B) {
	event := `data: {"id":"chatcmpl-9","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}],"usage":null}` + "\n\n"
	text := strings.Repeat(event, 4096/len(event))
	for _, unit := range []string{"bytes", "events", "tokens"} {
		b.Run(unit, func(b *testing.B) {
			c := with(bySubject(unit), func(c *ratelimit.UnitConfig) {
				c.Rate, c.Burst, c.Headers = rate(1_000_000_000, time.Second), 1<<60, "off"
			})
			stage := unitStage(b, ratelimit.NewMemory(ratelimit.MemoryConfig{}), c)
			x, body, resp := from("sub-1"), &parts{}, &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {sse}}}
			h := stage.Wrap(func(context.Context, *pipeline.Exchange) (*http.Response, error) {
				resp.Body = body
				return resp, nil
			})
			fresh, left, buf, summary := *x, []string{text}, make([]byte, 8192), &pipeline.Summary{}
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				*x, left[0] = fresh, text
				body.left = left
				resp, _ := h(context.Background(), x)
				for {
					if _, err := resp.Body.Read(buf); err != nil {
						break
					}
				}
				_ = x.Finish(summary)
			}
		})
	}
}

func ExampleNewUnits() {
	stage, err := ratelimit.NewUnits(&pipeline.Env{}, ratelimit.NewMemory(ratelimit.MemoryConfig{}), ratelimit.UnitConfig{
		Unit: "tokens", Per: "consumer", Rate: registry.Rate{Count: 100, Per: time.Minute},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := stage.Wrap(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, http.StatusOK, "application/json", []byte(`{"text":"hello","usage":{"total_tokens":120}}`)), nil
	})
	for range 2 {
		x := from("sub-1")
		resp, err := h(context.Background(), x)
		if err != nil {
			fmt.Println(err)
			continue
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = x.Finish(&pipeline.Summary{})
		fmt.Println(strconv.FormatInt(x.Usage().N, 10), x.Usage().Unit)
	}
	// Output:
	// 120 tokens
	// 429 units_spent
}
