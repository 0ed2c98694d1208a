package file

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A document is one YAML document of a file; an empty one has no root.
type document struct {
	root    ast.Node
	anchors map[string]ast.Node
}

// parse reads the YAML documents of a file.
//
// The documents are told apart here and parsed one by one, and it is checked
// that each key of the text has come out of the parser: a parser that loses
// part of a text in silence would open what the lost part protects.
func parse(path string, data []byte) ([]document, registry.Faults) {
	if !utf8.Valid(data) {
		line, column := position(data, invalidByte(data))
		return nil, registry.Faults{at(path, line, column, errors.New("invalid UTF-8"))}
	}
	var docs []document
	var faults registry.Faults
	tokens, err := tokenize(data)
	if err != nil {
		return nil, registry.Faults{placeYAML(path, err)}
	}
	for _, group := range split(tokens) {
		doc, err := parseOne(group)
		if err != nil {
			faults = append(faults, placeYAML(path, err))
		}
		docs = append(docs, doc)
	}
	return docs, faults
}

// split cuts the tokens into those of each document, without comments.
func split(tokens token.Tokens) []token.Tokens {
	var groups []token.Tokens
	var group token.Tokens
	open := false
	for _, tk := range tokens {
		switch tk.Type {
		case token.CommentType:
		case token.DocumentHeaderType:
			if open || len(group) > 0 {
				groups = append(groups, group)
			}
			group, open = nil, true
		case token.DocumentEndType:
			groups = append(groups, group)
			group, open = nil, false
		default:
			group = append(group, tk)
		}
	}
	if open || len(group) > 0 {
		groups = append(groups, group)
	}
	return groups
}

// A tokenError is a fault of the text that the parser does not see.
type tokenError struct {
	token  *token.Token
	reason string
}

func (e *tokenError) Error() string { return e.reason }

// tokenize cuts a text into tokens.
func tokenize(data []byte) (tokens token.Tokens, err error) {
	defer asError(&err)
	return lexer.Tokenize(string(bytes.TrimPrefix(data, []byte("\ufeff")))), nil
}

// asError makes an error of a panic: a text that the parser cannot stand must
// not end a gateway that serves.
func asError(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the parser gives up: %v", p)
	}
}

func parseOne(group token.Tokens) (doc document, err error) {
	defer asError(&err)
	if len(group) == 0 {
		return document{}, nil
	}
	if err := inspect(group); err != nil {
		return document{}, err
	}
	f, err := parser.Parse(group, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return document{}, err
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		return document{}, &tokenError{group[0], "the document cannot be told from its neighbours; begin it with ---"}
	}
	return survey(group, f.Docs[0].Body)
}

// survey gathers the anchors of a document, and reports an error where the
// tree lacks a member whose key is in the text.
func survey(group token.Tokens, root ast.Node) (document, error) {
	doc := document{root: root, anchors: map[string]ast.Node{}}
	found := map[*token.Token]bool{}
	ast.Walk(visitor(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.MappingValueNode:
			found[n.Start] = true
		case *ast.AnchorNode:
			doc.anchors[n.Name.GetToken().Value] = n.Value
		}
	}), root)
	for _, tk := range group {
		if tk.Type == token.MappingValueType && !found[tk] {
			return document{}, &tokenError{tk, "the meaning of this key is not clear; check the indentation around it"}
		}
	}
	return doc, nil
}

type visitor func(ast.Node)

func (v visitor) Visit(n ast.Node) ast.Visitor {
	v(n)
	return v
}

// placeYAML makes a fault of an error of the parser.
func placeYAML(path string, err error) *registry.Fault {
	var syntax *yaml.SyntaxError
	var tokens *tokenError
	switch {
	case errors.As(err, &syntax) && syntax.Token != nil:
		return at(path, syntax.Token.Position.Line, syntax.Token.Position.Column, fmt.Errorf("not valid YAML: %s", syntax.Message))
	case errors.As(err, &tokens):
		return at(path, tokens.token.Position.Line, tokens.token.Position.Column, err)
	default:
		return at(path, 0, 0, fmt.Errorf("not valid YAML: %w", err))
	}
}
