package file

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/goccy/go-yaml/ast"

	"github.com/seed-f9645bd3/gateway/registry"
)

// maxAliased bounds the nodes that aliases stand for: a few lines of aliases
// of aliases would otherwise fill any memory.
const maxAliased = 1_000_000

// convert writes a YAML document as JSON. It returns nil where the document is
// empty or has faults.
func convert(path string, document int, node ast.Node) ([]byte, registry.Faults) {
	if node == nil {
		return nil, nil
	}
	c := converter{pos: registry.Pos{File: path, Document: document}, anchors: map[string]ast.Node{}}
	c.node(node)
	if len(c.faults) > 0 {
		return nil, c.faults
	}
	return c.out.Bytes(), nil
}

// A converter writes one document as JSON.
type converter struct {
	pos     registry.Pos
	way     []string // tokens of the pointer
	anchors map[string]ast.Node
	within  int // aliases that are being followed
	aliased int
	stopped bool
	out     bytes.Buffer
	faults  registry.Faults
}

// fault notes a fault at the node.
func (c *converter) fault(n ast.Node, format string, args ...any) {
	if c.stopped || len(c.faults) >= 200 {
		return
	}
	pos := c.pos
	for _, t := range c.way {
		pos.Pointer += "/" + registry.Escape(t)
	}
	pos.Line, pos.Column = start(n)
	c.faults = append(c.faults, &registry.Fault{Pos: pos, Field: pos.Pointer, Err: fmt.Errorf(format, args...)})
}

// stop notes a fault that ends the work.
func (c *converter) stop(n ast.Node, format string, args ...any) {
	c.fault(n, format, args...)
	c.stopped = true
}

func (c *converter) node(n ast.Node) {
	if !c.mayGoOn(n) {
		return
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		c.mapping(n, n.Values)
	case *ast.MappingValueNode:
		c.mapping(n, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		c.sequence(n)
	case *ast.AnchorNode:
		c.node(n.Value)
		c.anchors[n.Name.GetToken().Value] = n.Value
	case *ast.AliasNode:
		c.alias(n)
	case *ast.TagNode:
		c.tag(n)
	case *ast.LiteralNode:
		c.text(n.Value.Value)
	case ast.ScalarNode:
		c.scalar(n)
	default:
		c.fault(n, "a %s cannot stand here", n.Type())
	}
}

// mayGoOn keeps to the bounds.
func (c *converter) mayGoOn(n ast.Node) bool {
	if c.within > 0 {
		c.aliased++
	}
	switch {
	case c.stopped:
	case n == nil:
		c.out.WriteString("null")
		return false
	case c.aliased > maxAliased || c.out.Len() > maxSize:
		c.stop(n, "the aliases stand for too much")
	case len(c.way) > maxDepth:
		c.stop(n, "nested deeper than %d", maxDepth)
	}
	return !c.stopped
}

func (c *converter) sequence(n *ast.SequenceNode) {
	c.out.WriteByte('[')
	for i, v := range n.Values {
		if i > 0 {
			c.out.WriteByte(',')
		}
		c.way = append(c.way, strconv.Itoa(i))
		c.indented(n, v)
		c.node(v)
		c.way = c.way[:len(c.way)-1]
	}
	c.out.WriteByte(']')
}

// indented refuses an element that does not stand to the right of its dash: it
// is something else, behind a dash that has nothing.
func (c *converter) indented(n *ast.SequenceNode, v ast.Node) {
	if n.IsFlowStyle || v == nil || v.Type() == ast.NullType {
		return
	}
	if _, column := start(v); column > 0 && column <= n.Start.Position.Column {
		c.fault(v, "want an element behind the dash in front of this")
	}
}

// mapping writes the members that are stated, then those that are merged in
// and not stated.
func (c *converter) mapping(n ast.Node, values []*ast.MappingValueNode) {
	c.out.WriteByte('{')
	seen := map[string]bool{}
	for _, m := range values {
		if !m.Key.IsMergeKey() {
			c.member(m, seen, true)
		}
	}
	for _, m := range values {
		if m.Key.IsMergeKey() {
			c.merge(m.Value, seen, 0)
		}
	}
	c.out.WriteByte('}')
}

func (c *converter) member(m *ast.MappingValueNode, seen map[string]bool, stated bool) {
	name, ok := memberName(m.Key)
	if !ok {
		c.fault(m.Key, "want a name as key")
		return
	}
	c.way = append(c.way, name)
	defer func() { c.way = c.way[:len(c.way)-1] }()
	if seen[name] {
		if stated {
			c.fault(m.Key, "member %q is given twice", name)
		}
		return
	}
	if len(seen) > 0 {
		c.out.WriteByte(',')
	}
	seen[name] = true
	c.text(name)
	c.out.WriteByte(':')
	c.node(m.Value)
}

// merge writes the members of what a merge key (<<) refers to.
func (c *converter) merge(n ast.Node, seen map[string]bool, depth int) {
	if depth > maxDepth || !c.mayGoOn(n) {
		return
	}
	c.within++
	defer func() { c.within-- }()
	switch n := n.(type) {
	case *ast.AliasNode:
		c.merge(c.referred(n), seen, depth+1)
	case *ast.AnchorNode:
		c.anchors[n.Name.GetToken().Value] = n.Value
		c.merge(n.Value, seen, depth+1)
	case *ast.SequenceNode:
		for _, v := range n.Values {
			c.merge(v, seen, depth+1)
		}
	case *ast.MappingNode:
		c.mergeMembers(n.Values, seen, depth)
	case *ast.MappingValueNode:
		c.mergeMembers([]*ast.MappingValueNode{n}, seen, depth)
	default:
		c.fault(n, "want an object, or an alias of one, behind <<")
	}
}

func (c *converter) mergeMembers(values []*ast.MappingValueNode, seen map[string]bool, depth int) {
	for _, m := range values {
		if !m.Key.IsMergeKey() {
			c.member(m, seen, false)
		}
	}
	for _, m := range values {
		if m.Key.IsMergeKey() {
			c.merge(m.Value, seen, depth+1)
		}
	}
}

func (c *converter) alias(n *ast.AliasNode) {
	referred := c.referred(n)
	if referred == nil {
		return
	}
	c.within++
	c.node(referred)
	c.within--
}

// referred returns what an alias stands for, nil after a fault. Anchors are
// known behind their value only, so that none contains itself.
func (c *converter) referred(n *ast.AliasNode) ast.Node {
	name := n.Value.GetToken().Value
	referred, ok := c.anchors[name]
	if !ok {
		var known []string
		for k := range c.anchors {
			known = append(known, k)
		}
		c.fault(n, "%w", registry.Unknown("anchor", name, known))
		c.out.WriteString("null")
	}
	return referred
}

// text writes a string.
func (c *converter) text(s string) {
	quoted, err := json.Marshal(s)
	if err != nil {
		quoted = []byte(`""`)
	}
	c.out.Write(quoted)
}

// memberName returns a key as the name of a member: scalars stand for their
// text.
func memberName(key ast.Node) (string, bool) {
	switch k := key.(type) {
	case *ast.MappingKeyNode:
		return memberName(k.Value)
	case *ast.AnchorNode:
		return memberName(k.Value)
	case *ast.StringNode:
		return k.Value, true
	case *ast.LiteralNode:
		return k.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return key.GetToken().Value, true
	default:
		return "", false
	}
}

// start returns line and column of the first character of a node.
func start(n ast.Node) (line, column int) {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return start(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return start(n.Key)
	}
	if tk := n.GetToken(); tk != nil {
		return tk.Position.Line, tk.Position.Column
	}
	return 0, 0
}
