package payload

import (
	"hash/maphash"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// deep returns JSON of arrays that stand n deep in each other.
func deep(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// tower returns XML of elements that stand n deep in each other.
func tower(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }

func newScanner(t testing.TB, f format, c Config) scanner {
	t.Helper()
	require.NoError(t, c.Validate())
	if f == formatJSON {
		return newJSONScanner(c.JSON.limits(), maphash.MakeSeed())
	}
	return newXMLScanner(c.XML.limits(), maphash.MakeSeed())
}

// scan returns what a scanner says of a document that comes in pieces of n
// bytes; 0 is all of it at once.
func scan(s scanner, doc string, n int) *Fault {
	s.reset()
	if n == 0 {
		n = len(doc) + 1
	}
	for len(doc) > 0 {
		piece := doc[:min(n, len(doc))]
		doc = doc[len(piece):]
		if fault := s.feed([]byte(piece)); fault != nil {
			return fault
		}
	}
	return s.finish()
}

// everySplit holds the verdict to not depending on how the document is cut.
func everySplit(t testing.TB, s scanner, doc string) *Fault {
	t.Helper()
	whole := scan(s, doc, 0)
	for _, n := range []int{1, 2, 3, 5, 7, 11, 64} {
		require.Equal(t, whole, scan(s, doc, n), "in pieces of %d bytes: %.80q", n, doc)
	}
	for cut := 1; cut < len(doc) && len(doc) < 300; cut++ {
		require.Equal(t, whole, scanTwo(s, doc[:cut], doc[cut:]), "cut at %d: %q", cut, doc)
	}
	return whole
}

func scanTwo(s scanner, first, second string) *Fault {
	s.reset()
	if fault := s.feed([]byte(first)); fault != nil {
		return fault
	}
	if fault := s.feed([]byte(second)); fault != nil {
		return fault
	}
	return s.finish()
}

// A hostile is a document that is refused by a rule.
type hostile struct {
	name, doc, rule, code string
	at                    int64 // -1: wherever
}

func refuseAll(t *testing.T, f format, c Config, all []hostile) {
	t.Helper()
	for _, h := range all {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			fault := everySplit(t, newScanner(t, f, c), h.doc)
			require.NotNil(t, fault)
			require.Equal(t, h.rule+" "+h.code, fault.Rule+" "+fault.Code, "%v", fault)
			if h.at >= 0 {
				require.Equal(t, h.at, fault.Offset, "%v", fault)
			}
			require.LessOrEqual(t, fault.Offset, int64(len(h.doc)))
		})
	}
}

func passAll(t *testing.T, f format, c Config, docs []string) {
	t.Helper()
	for _, doc := range docs {
		require.Nil(t, everySplit(t, newScanner(t, f, c), doc), "%.200q", doc)
	}
}

// endless repeats a text n times, without holding it more than once.
type endless struct {
	head, text, tail string
	n                int
	now              string
	stage            int
}

func (e *endless) Read(p []byte) (int, error) {
	for e.now == "" {
		switch {
		case e.stage == 0:
			e.now, e.stage = e.head, 1
		case e.stage == 1 && e.n > 0:
			e.n--
			e.now = e.text
		case e.stage == 1:
			e.now, e.stage = e.tail, 2
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, e.now)
	e.now = e.now[n:]
	return n, nil
}

func (e *endless) Close() error { return nil }
