package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

func ok(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
	return pipeline.Respond(x, http.StatusOK, "", nil), nil
}

func failWith(err error) pipeline.Handler {
	return func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, err }
}

// passing records a Pass and goes on.
func passing(name string, phase pipeline.Phase) pipeline.Stage {
	return pipeline.Stage{Name: name, Phase: phase, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			x.Decide(pipeline.Decision{Stage: name, Verdict: pipeline.Pass})
			return next(ctx, x)
		}
	}}
}

// denying refuses with err, and records it itself where told to.
func denying(name string, err error, itself bool) pipeline.Stage {
	return pipeline.Stage{Name: name, Wrap: func(pipeline.Handler) pipeline.Handler {
		return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
			if itself {
				x.Decide(pipeline.Decision{Stage: name, Verdict: pipeline.Deny, Rule: "own", Code: "own"})
			}
			return nil, err
		}
	}}
}

func decisions(x *pipeline.Exchange) []string {
	var ds []string
	for _, d := range x.Decisions() {
		ds = append(ds, fmt.Sprintf("%s %s %s", d.Stage, d.Verdict, d.Code))
	}
	return ds
}

func TestSortIsByPhaseAndKeepsTheOrderWithin(t *testing.T) {
	t.Parallel()
	stages := []pipeline.Stage{
		passing("retry", pipeline.Retry), passing("b", pipeline.Guard), passing("cors", pipeline.Observe),
		passing("a", pipeline.Guard), passing("between", pipeline.Guard+50),
	}
	pipeline.Sort(stages)
	var names []string
	for _, s := range stages {
		names = append(names, s.Name)
	}
	require.Equal(t, []string{"cors", "b", "a", "between", "retry"}, names)
}

func TestChainRunsFromTheOutsideIn(t *testing.T) {
	t.Parallel()
	x := exchange(http.MethodGet, "/", "")
	resp, err := pipeline.Chain(ok, passing("a", 0), passing("b", 0))(t.Context(), x)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, []string{"a pass ", "b pass "}, decisions(x))
}

// altering returns a stage that makes p of what it got.
func altering(name string, p *pipeline.Problem) pipeline.Stage {
	return pipeline.Stage{Name: name, Wrap: func(pipeline.Handler) pipeline.Handler {
		return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
			x.Decide(pipeline.Decision{Stage: name, Verdict: pipeline.Alter, Code: p.Code})
			return nil, p
		}
	}}
}

func TestProblemIsRecordedOnceByTheStageThatMadeIt(t *testing.T) {
	t.Parallel()
	refused := pipeline.Refuse(403, "nope", "")
	named := &pipeline.Problem{Status: 400, Code: "nope", Stage: "a"}
	tests := []struct {
		name string
		h    pipeline.Handler
		want []string
	}{
		{"the innermost stage made it", pipeline.Chain(ok, passing("a", 0), denying("b", refused, false)), []string{"a pass ", "b deny nope"}},
		{"a stage that recorded it itself is not recorded again", pipeline.Chain(ok, passing("a", 0), denying("b", refused, true)), []string{"a pass ", "b deny own"}},
		{"a stage that told its code by another verdict did not deny", pipeline.Chain(ok, altering("b", refused)), []string{"b alter nope"}},
		{"a Problem within another error counts too", pipeline.Chain(ok, denying("b", fmt.Errorf("wrapped: %w", refused), false)), []string{"b deny nope"}},
		{"an error that is no Problem is no denial", pipeline.Chain(ok, denying("b", errors.New("broken"), false)), nil},
		{"a Problem that names its stage is left to that one", pipeline.Chain(failWith(named), passing("a", 0), passing("b", 0)), []string{"a pass ", "b pass ", "a deny nope"}},
		{"a Problem of who forwards belongs to the innermost stage", pipeline.Chain(failWith(refused), passing("a", 0), passing("b", 0)), []string{"a pass ", "b pass ", "b deny nope"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			x := exchange(http.MethodGet, "/", "")
			_, err := test.h(t.Context(), x)
			require.Error(t, err)
			require.Equal(t, test.want, decisions(x))
		})
	}
}

func TestStageThatTurnsAProblemIntoAnotherIsRecordedToo(t *testing.T) {
	t.Parallel()
	turning := pipeline.Stage{Name: "outer", Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			_, _ = next(ctx, x)
			return nil, pipeline.Refuse(404, "hidden", "")
		}
	}}
	x := exchange(http.MethodGet, "/", "")
	_, err := pipeline.Chain(ok, turning, denying("inner", pipeline.Refuse(403, "nope", ""), false))(t.Context(), x)
	require.Error(t, err)
	require.Equal(t, []string{"inner deny nope", "outer deny hidden"}, decisions(x))
}

func TestProblem(t *testing.T) {
	t.Parallel()
	cause := errors.New("secret place")
	p := pipeline.Refuse(401, "token_expired", "The token has expired.").Because(cause).With("WWW-Authenticate", "Bearer")
	require.ErrorIs(t, p, cause)
	require.Equal(t, "Bearer", p.Header.Get("WWW-Authenticate"))
	require.Equal(t, "401 token_expired: secret place", p.Error())
	require.Equal(t, "401 token_expired", pipeline.Refuse(401, "token_expired", "").Error())
}

func TestUpstreamErrorStatus(t *testing.T) {
	t.Parallel()
	want := map[string]int{
		pipeline.UpstreamConnect: 502, pipeline.UpstreamReset: 502, pipeline.UpstreamMalformed: 502,
		pipeline.UpstreamTimeout: 504, pipeline.UpstreamNoneReady: 503, pipeline.UpstreamBreakerOpen: 503,
		pipeline.UpstreamOverloaded: 503, pipeline.UpstreamAnswered: 502, "unheard of": 502,
	}
	for kind, status := range want {
		require.Equal(t, status, (&pipeline.UpstreamError{Kind: kind}).Status(), kind)
	}
	cause := errors.New("refused")
	err := &pipeline.UpstreamError{Kind: pipeline.UpstreamConnect, Err: cause}
	require.ErrorIs(t, err, cause)
	require.Equal(t, "connect: refused", err.Error())
	require.Equal(t, "connect", (&pipeline.UpstreamError{Kind: pipeline.UpstreamConnect}).Error())
}

func BenchmarkChainOfTen(b *testing.B) { benchmarkChain(b, nil) }

func benchmarkChain(b *testing.B, entry *pipeline.Entry) {
	var stages []pipeline.Stage
	for i := range 10 {
		stages = append(stages, passing(fmt.Sprintf("stage-%d", i), pipeline.Guard))
	}
	resp := &http.Response{StatusCode: 200, Body: http.NoBody}
	h := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return resp, nil }, stages...)
	in := exchange(http.MethodGet, "/", "").In
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		x := &pipeline.Exchange{In: in, Start: time.Now()}
		x.Begin(nil, pipeline.Raw{}, entry)
		if _, err := h(ctx, x); err != nil || len(x.Decisions()) != 10 {
			b.Fatal(err)
		}
	}
}
