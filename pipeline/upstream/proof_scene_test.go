package upstream_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
)

// A scene is one answer to one request, and what a gateway is to make of it.
type scene struct {
	name    string
	method  string // GET where empty
	upgrade string
	send    string // the request body
	answer  string // as it goes over the wire
	end     string // fin where empty: rst, keep, or hang
	want    string // class of the outcome by the direct client
	// strict says why the direct client refuses what net/http takes. Where it
	// is empty, both make the same of the answer.
	strict string
}

// A pace is how an answer is written.
type pace func(p *peer, answer string)

func atOnce(p *peer, answer string)   { p.says(answer) }
func byteWise(p *peer, answer string) { p.dribbles(answer) }

// inTwo writes an answer in two pieces.
func inTwo(at int) pace {
	return func(p *peer, answer string) {
		p.says(answer[:at])
		p.says(answer[at:])
	}
}

// A theatre has a backend for each client. Scenes are played on it one after
// the other.
type theatre map[string]*wire

func newTheatre(t testing.TB) theatre {
	return theatre{direct: newWire(t, nil), netHTTP: newWire(t, nil)}
}

// A stage plays a scene against one client. Its backend answers the first
// request of its first connection with the scene's bytes, and every other
// request with the target that it asks for.
type stage struct {
	up     *upstream.Upstream
	wire   *wire
	spoken chan struct{} // closed when the scene's bytes are out
}

func (th theatre) stage(t testing.TB, s scene, client string, pace pace) *stage {
	t.Helper()
	st := &stage{wire: th[client], spoken: make(chan struct{})}
	st.wire.begin(func(p *peer) {
		if p.number == 1 {
			defer st.once()
			if _, err := p.whole(); err != nil {
				return
			}
			if pace(p, s.answer); !s.ends(p) {
				return
			}
			st.once()
		}
		p.echoes()
	})
	var err error
	st.up, err = upstream.New(by(client, one(st.wire.url)), upstream.Options{})
	require.NoError(t, err)
	return st
}

// once tells that the bytes are out. Only the goroutine of the first
// connection does.
func (st *stage) once() {
	select {
	case <-st.spoken:
	default:
		close(st.spoken)
	}
}

// ends ends the connection as the scene says, and reports whether it is kept.
func (s scene) ends(p *peer) bool {
	if s.upgrade != "" && strings.Contains(strings.ToLower(s.answer), "upgrade: echo\r\n\r\n") {
		_ = p.SetReadDeadline(time.Now().Add(time.Second))
		_, _ = p.in.ReadString('\n') // what the client says behind a switch, if it takes it for one
	}
	switch s.end {
	case "keep":
		return true
	case "rst":
		p.resets()
	case "hang":
		p.outlasts(time.Minute)
	default:
		_ = p.Close()
	}
	return false
}

// echoes answers each request with its target, until the connection ends.
func (p *peer) echoes() {
	for {
		r, err := p.whole()
		if err != nil {
			return
		}
		p.says(own(r.RequestURI))
	}
}

func own(target string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Own: %s\r\nContent-Length: %d\r\n\r\n%s", target, len(target), target)
}

// play returns what a client makes of the scene.
func (th theatre) play(t testing.TB, s scene, client string, pace pace) outcome {
	t.Helper()
	st := th.stage(t, s, client, pace)
	defer st.close()
	o := st.first(t, s)
	if client == direct {
		<-st.spoken
		st.next(t, "GET", "/next")
	}
	return o
}

func (st *stage) first(t testing.TB, s scene) outcome {
	t.Helper()
	method, limit := s.method, longest
	if method == "" {
		method = "GET"
	}
	if s.end == "hang" {
		limit = patience
	}
	var body io.Reader
	if s.send != "" {
		body = strings.NewReader(s.send)
	}
	x, l := bare(method, "/scene", body)
	x.Upgrade = s.upgrade
	defer func() { require.NoError(t, x.Finish(&pipeline.Summary{})) }()
	return outcomeOf(t, st.up, x, l, limit)
}

// next holds the request behind a scene to getting the answer of its own,
// whatever the scene left on its connection.
func (st *stage) next(t testing.TB, method, target string) {
	t.Helper()
	var body io.Reader
	if method == "POST" {
		body = strings.NewReader("once only")
	}
	x, l := bare(method, target, body)
	defer func() { require.NoError(t, x.Finish(&pipeline.Summary{})) }()
	o := outcomeOf(t, st.up, x, l, longest)
	require.Equal(t, whole, o.class, "the request behind: %v", o)
	require.Equal(t, target, o.body, "the request behind got the answer of another: %v", o)
	require.Equal(t, target, o.header.Get("X-Own"))
	require.Empty(t, o.interims)
}

// close ends what the scene has used.
func (st *stage) close() {
	st.up.Close()
	st.wire.clear()
}

// compare plays the scene on both clients.
func (th theatre) compare(t testing.TB, s scene, pace pace) outcome {
	t.Helper()
	ref, o := th.play(t, s, netHTTP, pace), th.play(t, s, direct, pace)
	require.True(t, s.strict == "" || ref.complete(), "net/http refuses it too: %v", ref)
	r := exact
	if s.strict != "" {
		r = strict
	}
	s.hold(t, o, ref, r)
	return o
}

// hold fails the test where the rule is broken.
func (s scene) hold(t testing.TB, o, ref outcome, r rule) {
	t.Helper()
	if err := o.judge(ref, r); err != nil {
		t.Fatalf("%v\n%s %s, ends by %q\nthe answer   %.600q\nnet/http     %v\nthe client   %v", err, s.method, s.upgrade, s.end, s.answer, ref, o)
	}
}
