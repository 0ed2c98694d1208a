package pipeline_test

import (
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// fieldsOf collects what OutFields yields.
func fieldsOf(x *pipeline.Exchange) http.Header {
	h := http.Header{}
	for field, value := range x.OutFields {
		h[field] = append(h[field], value)
	}
	return h
}

func TestOutFieldsAreOutsFields(t *testing.T) {
	t.Parallel()
	const seed = 42
	r := rand.New(rand.NewPCG(seed, seed))
	names := []string{"X-Shared", "X-Old", "X-New", "X-Other"}
	for range 500 {
		x := exchange(http.MethodGet, "/", "")
		x.In.Header["X-Old"] = []string{"1", "2"}
		for range r.IntN(7) {
			name := names[r.IntN(len(names))]
			switch r.IntN(3) {
			case 0:
				x.Set(name, "set")
			case 1:
				x.Add(name, string(rune('a'+r.IntN(26))))
			case 2:
				x.Del(name)
			}
		}
		require.Equal(t, x.Out(t.Context()).Header, fieldsOf(x))
	}
}

func TestOutFieldsEndWithWhoReadsThem(t *testing.T) {
	t.Parallel()
	x := exchange(http.MethodGet, "/", "")
	x.Add("X-Old", "a")
	x.Add("X-New", "a")
	x.Add("X-New", "b")
	x.Set("X-Set", "c")
	for stop := range len(x.In.Header) + 4 {
		n := 0
		for range x.OutFields {
			if n++; n > stop {
				break
			}
		}
		require.LessOrEqual(t, n, stop+1)
	}
}

func TestOutTargetIsOutsTarget(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"", "/c?d=e", "/c", "/c?", "/c%2Fd", "/a b"} {
		x := exchange(http.MethodGet, "/a%20b?x=1;y=2&z=%41", "")
		x.SetTarget(target)
		path, query, queried := x.OutTarget()
		if queried {
			path += "?" + query
		}
		require.Equal(t, x.Out(t.Context()).URL.RequestURI(), path)
	}
}

func TestOutBodyHandsOutWhatOutDoes(t *testing.T) {
	t.Parallel()
	kept, stream, length := exchange(http.MethodGet, "/", "").OutBody()
	require.Empty(t, kept)
	require.Nil(t, stream)
	require.Zero(t, length)

	x := exchange(http.MethodPost, "/", "body")
	kept, stream, length = x.OutBody()
	require.Empty(t, kept)
	require.Equal(t, "body", read(t, stream))
	require.Equal(t, int64(4), length)
	_, stream, _ = x.OutBody()
	_, err := stream.Read(make([]byte, 1))
	require.Error(t, err, "a stream is handed out once")

	x = exchange(http.MethodPost, "/", "body")
	require.True(t, x.Replayable(10))
	for range 2 {
		kept, stream, length = x.OutBody()
		require.Equal(t, "body", string(kept))
		require.Nil(t, stream)
		require.Equal(t, int64(4), length)
	}
	x.SetBody(io.NopCloser(strings.NewReader("new")), -1)
	kept, stream, length = x.OutBody()
	require.Empty(t, kept)
	require.Equal(t, "new", read(t, stream))
	require.Equal(t, int64(-1), length)
}

func TestOutFieldsAllocateNothing(t *testing.T) { // AllocsPerRun wants the process for itself
	x := exchange(http.MethodGet, "/", "")
	x.Set("X-New", "a")
	x.Add("X-Old", "b")
	size := 0
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for field, value := range x.OutFields {
			size += len(field) + len(value)
		}
	}))
	require.Positive(t, size)
}
