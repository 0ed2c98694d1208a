package jsonstream_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/transform/internal/jsonstream"
)

type maker func(pool *jsonstream.Pool, paths []jsonstream.Path) (*jsonstream.Program, error)

func redact(pool *jsonstream.Pool, paths []jsonstream.Path) (*jsonstream.Program, error) {
	return jsonstream.Replace(pool, paths, `"***"`)
}

func keepLast(n int) maker {
	return func(pool *jsonstream.Pool, paths []jsonstream.Path) (*jsonstream.Program, error) {
		return jsonstream.KeepLast(pool, paths, "***", n)
	}
}

func program(t testing.TB, m maker, paths ...string) *jsonstream.Program {
	t.Helper()
	parsed := make([]jsonstream.Path, len(paths))
	for i, p := range paths {
		var err error
		parsed[i], err = jsonstream.ParsePath(p)
		require.NoError(t, err)
	}
	made, err := m(jsonstream.NewPool(), parsed)
	require.NoError(t, err)
	return made
}

// pieces gives content in pieces of the sizes that size returns.
type pieces struct {
	content string
	size    func() int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.content == "" {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.size())], p.content)
	p.content = p.content[n:]
	return n, nil
}

func bytewise() int { return 1 }

func whole() int { return 1 << 20 }

func random(r *rand.Rand) func() int { return func() int { return 1 + r.IntN(20) } }

func edit(p *jsonstream.Program, form jsonstream.Form, content string, size func() int) (string, error) {
	out, err := io.ReadAll(p.Over(&pieces{content, size}, form, nil))
	return string(out), err
}

// both edits content at once and byte by byte, and holds the two to be the same
// document.
func both(t testing.TB, p *jsonstream.Program, form jsonstream.Form, content string) (string, error) {
	t.Helper()
	got, err := edit(p, form, content, whole)
	slow, slowErr := edit(p, form, content, bytewise)
	require.Equal(t, err, slowErr, "the fault depends on the pieces")
	if err == nil {
		require.Equal(t, compact(t, got), compact(t, slow), "the document depends on the pieces")
	}
	return got, err
}

// compact removes the space of one or more documents.
func compact(t testing.TB, content string) string {
	t.Helper()
	var all []string
	for d := json.NewDecoder(strings.NewReader(content)); ; {
		var one json.RawMessage
		err := d.Decode(&one)
		if errors.Is(err, io.EOF) {
			return strings.Join(all, "\n")
		}
		require.NoError(t, err, "%s", content)
		raw, err := json.Marshal(one)
		require.NoError(t, err)
		all = append(all, string(raw))
	}
}

// A node is a document with its equal members kept apart.
type node struct {
	kind    json.Delim // '{', '[' or 0
	names   []string
	entries []*node
	scalar  any
}

func parse(t testing.TB, content string) *node {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(content))
	d.UseNumber()
	n := parseNext(t, d)
	_, err := d.Token()
	require.ErrorIs(t, err, io.EOF, "%s", content)
	return n
}

func parseNext(t testing.TB, d *json.Decoder) *node {
	t.Helper()
	token, err := d.Token()
	require.NoError(t, err)
	kind, ok := token.(json.Delim)
	if !ok {
		return &node{scalar: token}
	}
	n := &node{kind: kind}
	for d.More() {
		if kind == '{' {
			name, err := d.Token()
			require.NoError(t, err)
			n.names = append(n.names, fmt.Sprint(name))
		}
		n.entries = append(n.entries, parseNext(t, d))
	}
	_, err = d.Token()
	require.NoError(t, err)
	return n
}

// A way is a path in steps, and whether it begins anywhere.
type way struct {
	steps    []string
	anywhere bool
}

func wayOf(path string) way {
	rooted := strings.HasPrefix(path, "$")
	path = strings.TrimPrefix(strings.TrimPrefix(path, "$"), ".")
	steps := strings.Split(strings.ReplaceAll(path, "[]", ".[]"), ".")
	if steps[0] == "" {
		steps = steps[1:]
	}
	return way{steps, len(steps) == 1 && !rooted && steps[0] != "*" && steps[0] != "[]"}
}

// A reference does by the book what a Program does in one pass.
type reference struct {
	always []way
	do     string // redact, remove, select
}

func newReference(do string, paths ...string) (*reference, []way) {
	r := &reference{do: do}
	var all []way
	for _, p := range paths {
		w := wayOf(p)
		all = append(all, w)
		if w.anywhere && do != "select" {
			r.always = append(r.always, w)
		}
	}
	return r, all
}

func (r *reference) root(n *node, ways []way) *node {
	if n.kind == 0 {
		if r.do == "select" {
			return &node{}
		}
		return n
	}
	return r.container(n, ways)
}

func (r *reference) container(n *node, ways []way) *node {
	out := &node{kind: n.kind}
	for i, entry := range n.entries {
		name := ""
		if n.kind == '{' {
			name = n.names[i]
		}
		next, hit := step(n.kind, name, ways)
		next = append(next, r.always...)
		kept := r.entry(entry, next, hit)
		if kept == nil {
			continue
		}
		out.entries = append(out.entries, kept)
		if n.kind == '{' {
			out.names = append(out.names, name)
		}
	}
	return out
}

func (r *reference) entry(n *node, next []way, hit bool) *node {
	switch {
	case hit && r.do == "select":
		return n
	case r.do == "select" && (n.kind == 0 || len(next) == 0), hit && r.do == "remove":
		return nil
	case hit:
		return &node{scalar: "***"}
	case n.kind == 0:
		return n
	}
	return r.container(n, next)
}

func step(kind json.Delim, name string, ways []way) (next []way, hit bool) {
	for _, w := range ways {
		first := w.steps[0]
		switch {
		case kind == '[' && first != "[]":
			next = append(next, w)
			continue
		case kind == '[' != (first == "[]"), kind == '{' && first != "*" && first != name:
			continue
		}
		if len(w.steps) == 1 {
			hit = true
		} else {
			next = append(next, way{steps: w.steps[1:]})
		}
	}
	return next, hit
}

// An author writes random documents: names repeat, and are written in many
// ways.
type author struct {
	*rand.Rand
	strings.Builder
	names  []string
	secret string // what stands in the members that secretAt names
}

func (a *author) document(depth int) string {
	a.Reset()
	a.value(depth, false)
	return a.String()
}

func (a *author) space() {
	for a.IntN(6) == 0 {
		a.WriteString([]string{" ", "\n", "\t", "\r", "  "}[a.IntN(5)])
	}
}

func (a *author) value(depth int, secret bool) {
	a.space()
	switch kind := a.IntN(10); {
	case depth > 0 && kind < 4:
		a.list('{', '}', depth, secret)
	case depth > 0 && kind < 7:
		a.list('[', ']', depth, secret)
	case secret:
		a.text(fmt.Sprint(a.names[a.IntN(len(a.names))], a.secret, "end"))
	case kind < 8:
		a.WriteString([]string{"0", "-1", "12.5e+3", "1E-2", "0.00", "123456789012345678901234567890", "true", "false", "null"}[a.IntN(9)])
	default:
		a.text([]string{"", "a", "héllo", `q"uo\te`, "日本語", "😀 smile", "tab\tnew\n", "plain text that is somewhat longer than the others"}[a.IntN(8)])
	}
	a.space()
}

func (a *author) list(begin, end byte, depth int, secret bool) {
	a.WriteByte(begin)
	a.space()
	for i := range a.IntN(5) {
		if i > 0 {
			a.WriteByte(',')
		}
		hidden := secret
		if begin == '{' {
			name := a.names[a.IntN(len(a.names))]
			hidden = hidden || a.secret != "" && name == "ssn"
			a.space()
			a.text(name)
			a.space()
			a.WriteByte(':')
		}
		a.value(depth-1, hidden)
	}
	a.WriteByte(end)
}

// text writes a string, each character in one of the ways that there are.
func (a *author) text(s string) {
	a.WriteByte('"')
	odd := a.IntN(3) == 0
	for _, r := range s {
		switch {
		case odd && a.IntN(2) == 0 || r < ' ':
			a.escape(r)
		case r == '"' || r == '\\':
			a.WriteByte('\\')
			a.WriteRune(r)
		default:
			a.WriteRune(r)
		}
	}
	a.WriteByte('"')
}

func (a *author) escape(r rune) {
	format := []string{`\u%04x`, `\u%04X`}[a.IntN(2)]
	if r > 0xffff {
		r -= 0x10000
		fmt.Fprintf(a, format, 0xd800+r>>10)
		r = 0xdc00 + r&0x3ff
	}
	fmt.Fprintf(a, format, r)
}
