package upstream_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
)

// TestAnAnswerBeforeTheRequestIsSent has a backend answer once it has the head
// of a request whose body does not fit into the buffers between, or is stalled
// by its client. The answer is delivered, and the request behind gets its own.
func TestAnAnswerBeforeTheRequestIsSent(t *testing.T) {
	t.Parallel()
	const long = 16 << 20
	early := headOf("HTTP/1.1 401 Unauthorized", "Content-Length: 5") + "early"
	for _, c := range []struct {
		name string
		body func(t *testing.T) (io.Reader, int64)
		keep bool // the body is at hand
	}{
		{"a long body at hand", endlessBody(long, long), true},
		{"a long body", endlessBody(long, long), false},
		{"a long body of unknown length", endlessBody(long, -1), false},
		{"a client that stalls", stalledBody(long), false},
		{"a client that stalls in a body of unknown length", stalledBody(-1), false},
	} {
		for name, then := range map[string]func(p *peer, r *http.Request){
			"and takes the rest": func(p *peer, r *http.Request) {
				if _, err := io.Copy(io.Discard, r.Body); err == nil {
					p.echoes()
				}
			},
			"and takes nothing": func(p *peer, _ *http.Request) { <-p.gone },
		} {
			t.Run(c.name+" "+name, func(t *testing.T) {
				t.Parallel()
				onBothClients(t, func(t *testing.T, client string) {
					w := newWire(t, func(p *peer) {
						r, err := p.request()
						if err != nil {
							return
						}
						if r.RequestURI != "/early" {
							p.says(own(r.RequestURI))
							return
						}
						p.says(early)
						then(p, r)
					})
					st := &stage{wire: w, up: newUpstream(t, by(client, one(w.url)), upstream.Options{})}
					body, length := c.body(t)
					x, l := bare("POST", "/early", body)
					x.In.ContentLength = length
					if c.keep {
						require.True(t, x.Replayable(long))
					}
					o := outcomeOf(t, st.up, x, l, longest)
					require.Equal(t, whole, o.class, "%v", o)
					require.Equal(t, http.StatusUnauthorized, o.status)
					require.Equal(t, "early", o.body)
					require.NoError(t, x.Finish(&pipeline.Summary{}))
					st.next(t, "POST", "/next")
				})
			})
		}
	}
}

func endlessBody(n, length int64) func(t *testing.T) (io.Reader, int64) {
	return func(*testing.T) (io.Reader, int64) { return io.LimitReader(endless{}, n), length }
}

// stalledBody begins, and goes on when it is closed: that ends it.
func stalledBody(length int64) func(t *testing.T) (io.Reader, int64) {
	return func(t *testing.T) (io.Reader, int64) {
		up, talk := io.Pipe()
		go write(talk, "begin")
		t.Cleanup(func() { _ = talk.Close() })
		return up, length
	}
}
