package upstream_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

// drips says the pieces one after the other, with a pause behind each.
func (p *peer) drips(pause time.Duration, pieces ...string) {
	for _, piece := range pieces {
		p.says(piece)
		select {
		case <-time.After(pause):
		case <-p.gone:
			return
		}
	}
}

// TestSlowBackends: a deadline bounds the wait for the whole head, however much
// of it comes, and nothing behind it.
func TestSlowBackends(t *testing.T) {
	t.Parallel()
	const in = 150 * time.Millisecond
	slowly := func(s string) []string { return strings.Split(s, "") }
	for _, c := range []struct {
		name  string
		pause time.Duration
		say   []string
		want  string
	}{
		{"a body that comes behind the deadline is whole", 60 * time.Millisecond,
			[]string{head("Content-Length: 4"), "s", "lo", "w"}, whole},
		{"so is one in chunks", 60 * time.Millisecond,
			[]string{head("Transfer-Encoding: chunked"), "2\r", "\nok", "\r\n0\r\n", "\r\n"}, whole},
		{"so is one up to the end of the connection", 60 * time.Millisecond,
			[]string{head("X-A: 1"), "s", "lo", "w"}, whole},
		{"a head that comes byte by byte is late", 20 * time.Millisecond, slowly(own("/slow")), timeout},
		{"a head behind many interim answers is late", 40 * time.Millisecond,
			[]string{headOf("HTTP/1.1 102 Processing"), headOf("HTTP/1.1 102 Processing"), headOf("HTTP/1.1 102 Processing"),
				headOf("HTTP/1.1 102 Processing"), headOf("HTTP/1.1 102 Processing"), headOf("HTTP/1.1 102 Processing")}, timeout},
		{"a head without an end is late", time.Minute, []string{"HTTP/1.1 200 OK\r\nX-A: "}, timeout},
		{"nothing at all is late", time.Minute, []string{""}, timeout},
	} {
		for name, set := range map[string]func(u *registry.Upstream, x *pipeline.Exchange){
			"the exchange's":     func(_ *registry.Upstream, x *pipeline.Exchange) { x.Hasten(time.Now().Add(in)) },
			"the upstream's own": func(u *registry.Upstream, _ *pipeline.Exchange) { u.Timeouts.ResponseHead = registry.Duration(in) },
		} {
			t.Run(c.name+", by a bound of "+name, func(t *testing.T) {
				t.Parallel()
				onBothClients(t, func(t *testing.T, client string) {
					w := newWire(t, func(p *peer) {
						if r, err := p.whole(); err == nil && r.RequestURI == "/slow" {
							p.drips(c.pause, c.say...)
						} else if err == nil {
							p.says(own(r.RequestURI))
						}
					})
					x, l := bare("GET", "/slow", nil)
					settings := by(client, one(w.url))
					set(&settings, x)
					st := &stage{wire: w, up: newUpstream(t, settings, upstream.Options{})}
					o := outcomeOf(t, st.up, x, l, longest)
					require.Equal(t, c.want, o.class, "%v", o)
					require.NoError(t, x.Finish(&pipeline.Summary{}))
					if c.want == timeout {
						require.True(t, o.sent)
					}
				})
			})
		}
	}
}
