package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
	"weak"

	"github.com/goccy/go-yaml/ast"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A locator finds places in files as they were read. It keeps their bytes and
// parses them anew when asked; the trees live only as long as the collector
// lets them.
type locator struct {
	texts []text

	mu    sync.Mutex
	trees map[string]weak.Pointer[tree]
}

type tree struct {
	docs   []document
	faults registry.Faults
}

// parsed returns the documents of a YAML file.
func (l *locator) parsed(t text) ([]document, registry.Faults) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.trees[t.path].Value(); known != nil {
		return known.docs, known.faults
	}
	if l.trees == nil {
		l.trees = map[string]weak.Pointer[tree]{}
	}
	made := &tree{}
	made.docs, made.faults = parse(t.path, t.data)
	l.trees[t.path] = weak.Make(made)
	return made.docs, made.faults
}

// locate returns p with line and column of the member or element that its
// pointer leads to, or of the last one on the way that there is.
func (l *locator) locate(p registry.Pos) registry.Pos {
	for _, t := range l.texts {
		if t.path != p.File {
			continue
		}
		if t.isJSON() {
			p.Line, p.Column = position(t.data, offsetOf(t.data, tokensOf(p.Pointer)))
			return p
		}
		if docs, _ := l.parsed(t); p.Document < len(docs) && docs[p.Document].root != nil {
			p.Line, p.Column = docs[p.Document].find(tokensOf(p.Pointer))
		}
		return p
	}
	return p
}

// placed returns the faults of err with line and column.
func (l *locator) placed(err error) error {
	s := &registry.Snapshot{Locate: l.locate}
	return s.Locating(err)
}

// tokensOf returns the tokens of a JSON pointer.
func tokensOf(pointer string) []string {
	if pointer == "" {
		return nil
	}
	tokens := strings.Split(pointer[1:], "/")
	for i, t := range tokens {
		tokens[i] = strings.ReplaceAll(strings.ReplaceAll(t, "~1", "/"), "~0", "~")
	}
	return tokens
}

// find follows the tokens from the root as far as they lead.
func (d document) find(tokens []string) (line, column int) {
	f := finder{anchors: d.anchors}
	at, n := d.root, d.root
	for _, t := range tokens {
		mark, value := f.step(n, t, 0)
		if mark == nil {
			break
		}
		at, n = mark, value
	}
	return start(at)
}

type finder struct{ anchors map[string]ast.Node }

// step returns the node to point at and the value for one token, nil where
// there is none.
func (f finder) step(n ast.Node, token string, depth int) (mark, value ast.Node) {
	if n == nil || depth > maxDepth {
		return nil, nil
	}
	switch n := n.(type) {
	case *ast.AnchorNode:
		return f.step(n.Value, token, depth+1)
	case *ast.TagNode:
		return f.step(n.Value, token, depth+1)
	case *ast.AliasNode:
		return f.step(f.anchors[n.Value.GetToken().Value], token, depth+1)
	case *ast.SequenceNode:
		if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(n.Values) && n.Values[i] != nil {
			return n.Values[i], n.Values[i]
		}
	case *ast.MappingNode:
		return f.member(n.Values, token, depth)
	case *ast.MappingValueNode:
		return f.member([]*ast.MappingValueNode{n}, token, depth)
	}
	return nil, nil
}

func (f finder) member(values []*ast.MappingValueNode, token string, depth int) (mark, value ast.Node) {
	for _, m := range values {
		if name, ok := memberName(m.Key); ok && name == token && !m.Key.IsMergeKey() {
			return m.Key, m.Value
		}
	}
	for _, m := range values {
		if !m.Key.IsMergeKey() {
			continue
		}
		if mark, value := f.merged(m.Value, token, depth+1); mark != nil {
			return mark, value
		}
	}
	return nil, nil
}

func (f finder) merged(n ast.Node, token string, depth int) (mark, value ast.Node) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return f.step(n, token, depth)
	}
	for _, v := range list.Values {
		if mark, value := f.step(v, token, depth); mark != nil {
			return mark, value
		}
	}
	return nil, nil
}

// offsetOf follows the tokens through a JSON text as far as they lead, and
// returns where the member or element begins. Of a member given twice it takes
// the last.
func offsetOf(data []byte, tokens []string) int {
	at, value := 0, data
	base := 0
	for _, t := range tokens {
		mark, from, to := jsonStep(value, t)
		if mark < 0 {
			break
		}
		at, value = base+mark, value[from:to]
		base += from
	}
	return at + leading(data[at:], " \t\r\n,:")
}

// jsonStep returns where the member or element named by the token begins, and
// its value begins and ends; -1 where there is none.
func jsonStep(data []byte, token string) (mark, from, to int) {
	dec := json.NewDecoder(bytes.NewReader(data))
	open, err := dec.Token()
	mark = -1
	for i := 0; err == nil && dec.More(); i++ {
		begin, name := int(dec.InputOffset()), strconv.Itoa(i)
		if open == json.Delim('{') {
			var key json.Token
			key, err = dec.Token()
			name, _ = key.(string)
		}
		valueAt := int(dec.InputOffset())
		var skipped json.RawMessage
		if err == nil {
			err = dec.Decode(&skipped)
		}
		if err == nil && name == token {
			mark, from, to = begin, valueAt, int(dec.InputOffset())
			from += leading(data[from:to], " \t\r\n,:")
		}
	}
	return mark, from, to
}

// leading counts the bytes of the set that data begins with.
func leading(data []byte, set string) int {
	return len(data) - len(bytes.TrimLeft(data, set))
}

// placeSyntax gives the faults that say where a JSON text is broken their line
// and column.
func placeSyntax(t text, faults registry.Faults) registry.Faults {
	for _, f := range faults {
		var syntax *registry.SyntaxError
		if errors.As(f.Err, &syntax) {
			f.Pos.Line, f.Pos.Column = position(t.data, syntax.Offset)
			f.Err = errors.New("not valid JSON: " + syntax.Reason)
		}
	}
	return faults
}

// position returns line and column, in characters, of an offset.
func position(data []byte, offset int) (line, column int) {
	before := data[:min(offset, len(data))]
	line = bytes.Count(before, []byte("\n")) + 1
	column = utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return line, column
}

func invalidByte(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}
