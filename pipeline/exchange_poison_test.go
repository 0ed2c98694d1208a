package pipeline_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

func TestAPoisonedExchangeIsOfNoUse(t *testing.T) {
	t.Parallel()
	x := exchange(http.MethodGet, "/", "")
	x.In.Header.Set("A", "1")
	in, header := x.In, x.In.Header
	x.SetReply("B", "2")
	reply, id := x.Reply, x.NewIdentity()
	id.Subject = "alice"
	require.False(t, x.Poisoned())
	x.Poison()
	require.True(t, x.Poisoned())
	for name, use := range map[string]func(){
		"Get": func() { x.Get("A") }, "Values": func() { x.Values("A") }, "Out": func() { x.Out(t.Context()) },
	} {
		require.Panics(t, use, "%s of an exchange that was kept", name)
	}
	require.Nil(t, in.URL, "a request that was kept")
	require.NotEqual(t, "1", header.Get("A"), "fields of the request that were kept")
	require.NotEqual(t, "2", reply.Get("B"), "fields of the reply that were kept")
	require.NotEqual(t, "alice", id.Subject, "an identity that was kept")
}

func TestWhatIsWrittenToAPoisonedExchangeShows(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(x *pipeline.Exchange){
		"a decision":  func(x *pipeline.Exchange) { x.Decide(pipeline.Decision{Stage: "s"}) },
		"an attempt":  func(x *pipeline.Exchange) { x.Tried(pipeline.Attempt{}) },
		"an edit":     func(x *pipeline.Exchange) { x.Set("A", "1") },
		"an end":      func(x *pipeline.Exchange) { x.AtEnd(nil) },
		"a reply":     func(x *pipeline.Exchange) { x.SetReply("A", "1") },
		"a body":      func(x *pipeline.Exchange) { x.SetBody(nil, 0) },
		"a target":    func(x *pipeline.Exchange) { x.SetTarget("/") },
		"an identity": func(x *pipeline.Exchange) { x.Identity = &pipeline.Identity{} },
		"a deadline":  func(x *pipeline.Exchange) { x.Hasten(x.Start.Add(1)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := exchange(http.MethodGet, "/", "")
			x.Poison()
			write(x)
			require.False(t, x.Poisoned())
		})
	}
}

func TestAForkWorksOnAfterItsExchangeIsPoisoned(t *testing.T) {
	t.Parallel()
	x := exchange(http.MethodGet, "/a", "")
	x.In.Header.Set("A", "1")
	f := x.Fork()
	x.Poison()
	require.Equal(t, "1", f.Get("A"))
	require.Equal(t, "/a", f.Target())
}
