package pipeline_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// enderFunc makes a function an Ender.
type enderFunc func()

func (f enderFunc) End(*pipeline.Exchange) { f() }

// journal notes in which order things happen; a name with a ! panics.
type journal []string

func (j *journal) note(name string) func() {
	return func() {
		*j = append(*j, name)
		if strings.HasSuffix(name, "!") {
			panic(name)
		}
	}
}

func TestFinishRunsEachStepOnceInOrder(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name              string
		enders, recorders []string
		release           string
		want              []string
		panics            []string
	}{
		{
			name:   "enders from the last to the first, then recorders, then the release",
			enders: []string{"a", "b"}, recorders: []string{"r", "s"}, release: "z",
			want: []string{"b", "a", "r", "s", "z"},
		},
		{
			name:   "whatever panics, the rest runs",
			enders: []string{"a", "b!", "c!"}, recorders: []string{"r!", "s"}, release: "z!",
			want: []string{"c!", "b!", "a", "r!", "s", "z!"}, panics: []string{"c!", "b!", "r!", "z!"},
		},
		{
			name:   "more enders than there is inline room for",
			enders: strings.Split("abcdefgh", ""), release: "z",
			want: strings.Split("hgfedcbaz", ""),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var j journal
			x := exchange(http.MethodGet, "/", "")
			sum := &pipeline.Summary{Status: 200}
			entry := &pipeline.Entry{Release: enderFunc(j.note(test.release))}
			for _, r := range test.recorders {
				note := j.note(r)
				entry.Record = append(entry.Record, func(got *pipeline.Exchange, s *pipeline.Summary) {
					require.Same(t, x, got)
					require.Same(t, sum, s)
					note()
				})
			}
			x.Begin(nil, pipeline.Raw{}, entry)
			for _, e := range test.enders {
				x.AtEnd(enderFunc(j.note(e)))
			}
			err := x.Finish(sum)
			require.Equal(t, test.want, []string(j))
			if len(test.panics) == 0 {
				require.NoError(t, err)
			}
			for _, p := range test.panics {
				require.ErrorContains(t, err, p)
			}
		})
	}
}

func TestWhatAnEnderAddsIsToldToo(t *testing.T) {
	t.Parallel()
	var j journal
	x := exchange(http.MethodGet, "/", "")
	x.AtEnd(enderFunc(func() {
		j.note("a")()
		x.AtEnd(enderFunc(j.note("b")))
	}))
	require.NoError(t, x.Finish(&pipeline.Summary{}))
	require.NoError(t, x.Finish(&pipeline.Summary{}))
	require.Equal(t, journal{"a", "b"}, j, "each once")
}

func TestEnterMovesTheExchangeToItsRoute(t *testing.T) {
	t.Parallel()
	var j journal
	closing := make(chan struct{})
	route := &registry.Route{Name: "r"}
	x := exchange(http.MethodGet, "/", "")
	require.Nil(t, x.Closing(), "without a route nothing ends")
	x.Begin(nil, pipeline.Raw{Target: "/raw"}, &pipeline.Entry{Release: enderFunc(j.note("none"))})
	x.Enter(&pipeline.Entry{Route: route, Closing: closing, Release: enderFunc(j.note("route"))})
	require.Same(t, route, x.Route)
	require.Equal(t, (<-chan struct{})(closing), x.Closing())
	require.Equal(t, "/raw", x.Received().Target)
	require.NoError(t, x.Finish(&pipeline.Summary{}))
	require.Equal(t, journal{"route"}, j)
}

func TestForkCannotReachTheClient(t *testing.T) {
	t.Parallel()
	link := &fakeLink{}
	x := exchange(http.MethodGet, "/", "")
	x.Begin(link, pipeline.Raw{}, nil)
	f := x.Fork()
	f.Interim(103, nil)
	f.Stalled()
	f.LimitBody(1)
	require.Equal(t, fakeLink{}, *link)
	x.Interim(103, nil)
	x.Stalled()
	x.LimitBody(1)
	require.Equal(t, fakeLink{interim: 103, stalled: 1, limit: 1}, *link)
}

type fakeLink struct {
	interim, stalled int
	limit            int64
}

func (l *fakeLink) Interim(status int, _ http.Header) { l.interim = status }
func (l *fakeLink) Stalled()                          { l.stalled++ }
func (l *fakeLink) LimitBody(max int64)               { l.limit = max }

func TestForkHasItsOwnRecords(t *testing.T) {
	t.Parallel()
	x := exchange(http.MethodGet, "/", "")
	x.SetParams([]string{"id"}, &[pipeline.MaxParams]string{"7"})
	x.Set("X-Old", "parent")
	x.SetTarget("/parent")
	x.SetReply("X-Reply", "parent")
	x.Decide(pipeline.Decision{Stage: "parent"})
	x.Spellings = registry.EncodedSlash
	f := x.Fork()
	require.Equal(t, registry.EncodedSlash, f.Spellings, "or a rewrite asks for another path")
	require.Equal(t, "7", f.Param("id"))
	require.Equal(t, "parent", f.Get("X-Old"))
	require.Empty(t, f.Decisions())

	f.Set("X-Old", "fork")
	f.SetTarget("/fork")
	f.SetReply("X-Reply", "fork")
	f.Decide(pipeline.Decision{Stage: "fork"})
	f.Tried(pipeline.Attempt{Endpoint: "fork"})
	x.Set("X-Old", "parent again")
	require.Equal(t, "fork", f.Get("X-Old"), "what the parent edits meanwhile does not overwrite it")
	require.Equal(t, "parent again", x.Get("X-Old"))
	require.Equal(t, "/parent", x.Target())
	require.Equal(t, "parent", x.Reply.Get("X-Reply"))
	require.Len(t, x.Decisions(), 1)
	require.Empty(t, x.Attempts())
}

func TestForkHasTheBodyWhereItIsKept(t *testing.T) {
	t.Parallel()
	x, _ := withBody(strings.NewReader("body"), 4)
	_, err := io.ReadAll(x.Fork().Out(t.Context()).Body)
	require.Error(t, err, "a stream belongs to the exchange alone")
	require.True(t, x.Replayable(10))
	require.Equal(t, "body", read(t, x.Fork().Out(t.Context()).Body))
	require.Equal(t, "body", read(t, x.Out(t.Context()).Body))
	require.Equal(t, http.NoBody, exchange(http.MethodGet, "/", "").Fork().Out(t.Context()).Body)
}

func TestLosingForkIsDoneAndWinningOneAdopted(t *testing.T) {
	t.Parallel()
	var j journal
	x := exchange(http.MethodGet, "/", "")
	x.AtEnd(enderFunc(j.note("parent")))

	loser := x.Fork()
	loser.AtEnd(enderFunc(j.note("loser")))
	require.NoError(t, loser.Done())
	require.NoError(t, loser.Done(), "a second Done has nothing to tell")
	require.Equal(t, journal{"loser"}, j)

	winner := x.Fork()
	winner.SetReply("X-Reply", "winner")
	winner.Decide(pipeline.Decision{Stage: "winner", Verdict: pipeline.Pass})
	winner.Tried(pipeline.Attempt{Endpoint: "winner"})
	winner.AtEnd(enderFunc(j.note("winner")))
	x.Adopt(winner)
	require.NoError(t, winner.Done(), "its ends have moved")
	require.Equal(t, journal{"loser"}, j)
	require.Equal(t, "winner", x.Decisions()[0].Stage)
	require.Equal(t, "winner", x.Attempts()[0].Endpoint)
	require.Equal(t, "winner", x.Reply.Get("X-Reply"))
	require.NoError(t, x.Finish(&pipeline.Summary{}))
	require.Equal(t, journal{"loser", "winner", "parent"}, j)
}
