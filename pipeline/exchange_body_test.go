package pipeline_test

import (
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// body counts what is done to it.
type body struct {
	io.Reader
	closed int
}

func (b *body) Close() error { b.closed++; return nil }

func withBody(content io.Reader, length int64) (*pipeline.Exchange, *body) {
	b := &body{Reader: content}
	x := exchange(http.MethodPost, "/", "")
	x.In.Body, x.In.ContentLength = b, length
	return x, b
}

func TestBodyIsKeptWithinItsBound(t *testing.T) {
	t.Parallel()
	for _, length := range []int64{4, -1} {
		x, b := withBody(strings.NewReader("body"), length)
		got, err := x.Body(4)
		require.NoError(t, err)
		require.Equal(t, "body", string(got))
		require.Equal(t, 1, b.closed, "what was read whole is closed")
		for range 2 {
			out := x.Out(t.Context())
			require.Equal(t, "body", read(t, out.Body), "a kept body is sent as often as asked")
			require.EqualValues(t, 4, out.ContentLength)
		}
		_, err = x.Body(3)
		requireProblem(t, err, http.StatusRequestEntityTooLarge, pipeline.CodeBodyTooLarge)
	}
}

func TestBodyBeyondItsBoundIsRefused(t *testing.T) {
	t.Parallel()
	for _, length := range []int64{5, -1} {
		x, _ := withBody(strings.NewReader("12345"), length)
		_, err := x.Body(4)
		requireProblem(t, err, http.StatusRequestEntityTooLarge, pipeline.CodeBodyTooLarge)
	}
}

func TestTheLargestBoundKeepsTheWholeBody(t *testing.T) {
	t.Parallel()
	x, _ := withBody(strings.NewReader("body"), -1)
	got, err := x.Body(math.MaxInt64)
	require.NoError(t, err)
	require.Equal(t, "body", string(got))
}

func TestBodyThatBreaksIsTheClientsFault(t *testing.T) {
	t.Parallel()
	cause := errors.New("cut")
	x, _ := withBody(io.MultiReader(strings.NewReader("bo"), broken{cause}), -1)
	_, err := x.Body(10)
	requireProblem(t, err, http.StatusBadRequest, pipeline.CodeBodyMalformed)
	require.ErrorIs(t, err, cause)

	own := pipeline.Refuse(http.StatusRequestTimeout, pipeline.CodeBodyTimeout, "")
	x, _ = withBody(broken{own}, -1)
	_, err = x.Body(10)
	require.ErrorIs(t, err, own, "a Problem of the edge stays what it is")
}

func TestReplayableLosesNothing(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 1000)
	x, b := withBody(strings.NewReader(long), -1)
	require.False(t, x.Replayable(100))
	require.False(t, x.Replayable(5000), "asked again, with another bound")
	out := x.Out(t.Context())
	require.Equal(t, long, read(t, out.Body))
	require.EqualValues(t, -1, out.ContentLength)
	require.Zero(t, b.closed)
	require.NoError(t, out.Body.Close())
	require.Equal(t, 1, b.closed, "closing what is sent closes the client's body")
	require.False(t, x.Replayable(math.MaxInt64), "what was handed out is gone")
}

func TestReplayableHandsOnTheErrorThatItMet(t *testing.T) {
	t.Parallel()
	cause := errors.New("cut")
	x, _ := withBody(io.MultiReader(strings.NewReader("bo"), broken{cause}), -1)
	require.False(t, x.Replayable(10))
	got, err := io.ReadAll(x.Out(t.Context()).Body)
	require.Equal(t, "bo", string(got))
	require.ErrorIs(t, err, cause)
}

func TestReplayableWithoutABody(t *testing.T) {
	t.Parallel()
	for _, none := range []io.ReadCloser{nil, http.NoBody} {
		x := exchange(http.MethodGet, "/", "")
		x.In.Body = none
		require.True(t, x.Replayable(0))
		out := x.Out(t.Context())
		require.Equal(t, http.NoBody, out.Body)
		require.Zero(t, out.ContentLength)
	}
}

func TestStreamedBodyIsHandedOutOnce(t *testing.T) {
	t.Parallel()
	x, _ := withBody(strings.NewReader("body"), 4)
	out := x.Out(t.Context())
	require.EqualValues(t, 4, out.ContentLength)
	require.Equal(t, "body", read(t, out.Body))
	_, err := io.ReadAll(x.Out(t.Context()).Body)
	require.Error(t, err, "a second call is told, and does not send an empty body")
}

func TestSetBody(t *testing.T) {
	t.Parallel()
	x, b := withBody(strings.NewReader("body"), 4)
	x.SetBody(io.NopCloser(strings.NewReader("other")), 5)
	require.Zero(t, b.closed, "what is replaced is the caller's to close")
	got, err := x.Body(5)
	require.NoError(t, err)
	require.Equal(t, "other", string(got))

	x.SetBody(nil, 0)
	require.Equal(t, http.NoBody, x.Out(t.Context()).Body)
	require.Same(t, b, x.In.Body, "In is whole")
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func requireProblem(t testing.TB, err error, status int, code string) {
	t.Helper()
	var p *pipeline.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, status, p.Status)
	require.Equal(t, code, p.Code)
}
