package jsonstream_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/transform/internal/jsonstream"
)

func paths() []string {
	return []string{
		"ssn", "a", "$.a", "a.b", "a[]", "a[].b", "*", "*.b", "a.*", "[]", "[].a", "b[][]", "$[].b", "a.b.c", "*.*.c", "日本", "*.ssn", "c[].*[]",
	}
}

func members() []string { return []string{"a", "b", "c", "ssn", "日本", "", "SSN", "a.b", "x😀"} }

// TestWhatComesOutIsWhatTheReferenceMakes compares with a tree that is edited
// by the book, whatever pieces the document comes in.
func TestWhatComesOutIsWhatTheReferenceMakes(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	for do, m := range map[string]maker{"redact": redact, "remove": jsonstream.Remove, "select": jsonstream.Select} {
		t.Run(do, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, uint64(len(do))))
			a := &author{Rand: r, names: members()}
			for range 1500 {
				var some []string
				for range r.IntN(4) {
					some = append(some, paths()[r.IntN(len(paths()))])
				}
				doc := a.document(5)
				ref, ways := newReference(do, some...)
				want := ref.root(parse(t, doc), ways)
				p := program(t, m, some...)
				for how, size := range map[string]func() int{"whole": whole, "bytewise": bytewise, "random": random(r)} {
					got, err := edit(p, jsonstream.One, doc, size)
					require.NoError(t, err, "seed %d, paths %q, %s, document\n%s", seed, some, how, doc)
					require.Equal(t, want, parse(t, got), "seed %d, paths %q, %s, document\n%s\nbecame\n%s", seed, some, how, doc, got)
				}
			}
		})
	}
}

// TestNoCanaryComesThrough writes a secret into members of one name, in every
// spelling, and looks for it in what comes out.
func TestNoCanaryComesThrough(t *testing.T) {
	t.Parallel()
	const canary = "CaNaRy42"
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	a := &author{Rand: r, names: []string{"a", "b", "ssn", "list"}, secret: canary}
	programs := []*jsonstream.Program{
		program(t, redact, "ssn"), program(t, jsonstream.Remove, "ssn"),
		program(t, keepLast(2), "ssn"), program(t, jsonstream.Select, "list[].x", "a.y", "other"),
	}
	held := 0
	for i := range 10_000 {
		doc := a.document(4)
		if strings.Contains(plainText(t, doc), canary) {
			held++
		}
		got, err := edit(programs[i%len(programs)], jsonstream.One, doc, random(r))
		require.NoError(t, err)
		require.NotContains(t, plainText(t, got), canary, "seed %d, document\n%s", seed, doc)
	}
	require.Greater(t, held, 1000, "too few documents held the canary")
}

// plainText returns all names and values without their escapes.
func plainText(t testing.TB, doc string) string {
	t.Helper()
	var b strings.Builder
	parse(t, doc).write(&b)
	return b.String()
}

func (n *node) write(b *strings.Builder) {
	if s, ok := n.scalar.(string); ok {
		b.WriteString(s)
		b.WriteByte('\n')
	}
	for i, e := range n.entries {
		if n.kind == '{' {
			b.WriteString(n.names[i])
			b.WriteByte('\n')
		}
		e.write(b)
	}
}
