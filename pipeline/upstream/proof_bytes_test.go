package upstream_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// full reports whether the proofs run in their whole length.
func full() bool { return os.Getenv("GATEWAY_LOAD") == "full" }

// short returns the answers that are right and short, tunnels among them.
func short() (scenes []scene) {
	for _, s := range append(honest(), tunnels()...) {
		if len(s.answer) <= 300 && s.send == "" && (s.want == "" || s.want == whole || s.want == tunnel) {
			scenes = append(scenes, s)
		}
	}
	return scenes
}

// positions returns the places in an answer that a test tries: all of them, or
// some that vary from scene to scene.
func (s scene) positions() (at []int) {
	step := 4
	if full() {
		step = 1
	}
	for i := len(s.name) % step; i < len(s.answer); i += step {
		at = append(at, i)
	}
	return at
}

func TestAnAnswerMayComeInAnyPieces(t *testing.T) {
	t.Parallel()
	for _, s := range short() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			th := newTheatre(t)
			ref := th.play(t, s, netHTTP, atOnce)
			require.True(t, ref.complete(), "%v", ref)
			s.hold(t, th.play(t, s, direct, byteWise), ref, exact)
			for _, at := range s.positions() {
				s.hold(t, th.play(t, s, direct, inTwo(at)), ref, exact)
			}
		})
	}
}

// TestAnAnswerThatEndsAtAnyByte ends the connection behind each byte of an
// answer: what net/http takes for broken is broken.
func TestAnAnswerThatEndsAtAnyByte(t *testing.T) {
	t.Parallel()
	for _, s := range short() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			th := newTheatre(t)
			for _, at := range s.positions() {
				part := s
				part.answer, part.end = s.answer[:at], ""
				ref, r := th.play(t, part, netHTTP, atOnce), exact
				if !ref.complete() {
					r = loose // half a status line is malformed to one and cut off to the other
				}
				part.hold(t, th.play(t, part, direct, atOnce), ref, r)
			}
		})
	}
}

// TestAnAnswerThatIsResetAtAnyByte resets the connection behind each byte. How
// much of the answer can be read then is up to chance, so it is held to the
// whole one: its beginning comes, or nothing, and nothing of it is taken for
// whole that is not.
func TestAnAnswerThatIsResetAtAnyByte(t *testing.T) {
	t.Parallel()
	for _, s := range short() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			th := newTheatre(t)
			ref := th.play(t, s, netHTTP, atOnce)
			for _, at := range append(s.positions(), len(s.answer)) {
				part := s
				part.answer, part.end = s.answer[:at], "rst"
				part.holdReset(t, th.play(t, part, direct, atOnce), ref)
			}
		})
	}
}

func (s scene) holdReset(t testing.TB, o, ref outcome) {
	t.Helper()
	switch {
	case o.class == whole:
		require.True(t, o.same(ref), "%q\n%v\n%v", s.answer, o, ref)
		require.False(t, ref.untilEnd(s), "a reset is not the end of a body: %q\n%v", s.answer, o)
	case o.class == tunnel || o.class == breaks:
		require.True(t, o.beginsLike(ref), "%q\n%v\n%v", s.answer, o, ref)
	default:
		require.Contains(t, []string{reset, malformed}, o.class, "%q\n%v", s.answer, o)
		require.True(t, o.sent)
	}
}

// untilEnd reports whether the end of the connection is the end of the body.
func (o outcome) untilEnd(s scene) bool {
	return o.length < 0 && s.method != "HEAD" && o.class == whole && !strings.Contains(strings.ToLower(s.answer), "chunked")
}
