package file

import "github.com/goccy/go-yaml/token"

// maxDepth bounds how deep lists and objects may nest. It is checked before
// the parser runs, which calls itself for each level.
const maxDepth = 64

// inspect refuses what the parser must not see: nesting without bound,
// directives, and text that is no token.
func inspect(group token.Tokens) error {
	var n nesting
	marks := 0
	for i, tk := range group {
		switch tk.Type {
		case token.InvalidType:
			return &tokenError{tk, "not valid YAML: " + tk.Error}
		case token.DirectiveType:
			return &tokenError{tk, "directives (%) are not supported"}
		case token.AnchorType, token.TagType, token.MappingKeyType:
			if marks++; marks > maxDepth {
				return &tokenError{tk, "too many anchors, tags or keys in a row"}
			}
		case token.StringType:
		default:
			marks = 0
		}
		if n.step(group, i); n.depth() > maxDepth {
			return &tokenError{tk, "nested deeper than 64"}
		}
	}
	return nil
}

// nesting follows the depth of a text token by token.
type nesting struct {
	flow    int   // open brackets
	columns []int // where the open blocks begin
}

func (n *nesting) depth() int { return n.flow + len(n.columns) }

func (n *nesting) step(group token.Tokens, i int) {
	switch group[i].Type {
	case token.SequenceStartType, token.MappingStartType:
		n.flow++
	case token.SequenceEndType, token.MappingEndType:
		n.flow = max(0, n.flow-1)
	case token.SequenceEntryType, token.MappingKeyType:
		n.block(group[i].Position.Column)
	case token.MappingValueType:
		if i > 0 && n.flow == 0 {
			n.block(group[i-1].Position.Column)
		}
	}
}

// block opens or goes on with the block that begins at the column.
func (n *nesting) block(column int) {
	for len(n.columns) > 0 && n.columns[len(n.columns)-1] > column {
		n.columns = n.columns[:len(n.columns)-1]
	}
	if len(n.columns) == 0 || n.columns[len(n.columns)-1] < column {
		n.columns = append(n.columns, column)
	}
}
