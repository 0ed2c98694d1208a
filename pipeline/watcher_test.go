package pipeline_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

type depth struct{}

// watcher notes what it is told.
type watcher struct{ told []string }

func (w *watcher) Enter(ctx context.Context, _ *pipeline.Exchange, stage string) context.Context {
	n, _ := ctx.Value(depth{}).(int)
	w.told = append(w.told, fmt.Sprint("enter ", stage, " ", n))
	return context.WithValue(ctx, depth{}, n+1)
}

func (w *watcher) Leave(ctx context.Context, x *pipeline.Exchange, stage string, resp *http.Response, err error) {
	w.told = append(w.told, fmt.Sprint("leave ", stage, " ", ctx.Value(depth{}), " ", resp != nil, " ", err != nil, " ", len(x.Decisions())))
}

// watching is a stage that has w told of those inside.
func watching(w pipeline.Watcher) pipeline.Stage {
	return pipeline.Stage{Name: "watching", Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			x.Watch(w)
			return next(ctx, x)
		}
	}}
}

func plainStage(name string) pipeline.Stage {
	return pipeline.Stage{Name: name, Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) { return next(ctx, x) }
	}}
}

func TestAWatcherIsToldOfEachStage(t *testing.T) {
	t.Parallel()
	for _, entry := range []*pipeline.Entry{nil, {Timed: true}} {
		for _, test := range []struct {
			name string
			last pipeline.Handler
			want []string
		}{
			{"an answer", func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
				return pipeline.Respond(x, 200, "", nil), nil
			}, []string{"enter a 0", "enter b 1", "leave b 2 true false 0", "leave a 1 true false 0"}},
			{"a refusal, which is recorded before", func(context.Context, *pipeline.Exchange) (*http.Response, error) {
				return nil, pipeline.Refuse(403, "no", "")
			}, []string{"enter a 0", "enter b 1", "leave b 2 false true 1", "leave a 1 false true 1"}},
			{"a panic, which is neither", func(context.Context, *pipeline.Exchange) (*http.Response, error) {
				panic("no")
			}, []string{"enter a 0", "enter b 1", "leave b 2 false false 0", "leave a 1 false false 0"}},
		} {
			t.Run(fmt.Sprint(test.name, entry != nil), func(t *testing.T) {
				t.Parallel()
				w, x := &watcher{}, exchange(http.MethodGet, "/", "")
				x.Begin(nil, pipeline.Raw{}, entry)
				h := pipeline.Chain(test.last, watching(w), plainStage("a"), plainStage("b"))
				func() {
					defer func() { _ = recover() }()
					_, _ = h(t.Context(), x)
				}()
				require.Equal(t, test.want, w.told, "the stage that began to watch is not among them")
			})
		}
	}
}

func TestAForkIsNotWatched(t *testing.T) {
	t.Parallel()
	w, x := &watcher{}, exchange(http.MethodGet, "/", "")
	x.Watch(w)
	h := pipeline.Chain(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		return pipeline.Respond(x, 200, "", nil), nil
	}, plainStage("a"))
	_, err := h(t.Context(), x.Fork())
	require.NoError(t, err)
	require.Empty(t, w.told)
}
