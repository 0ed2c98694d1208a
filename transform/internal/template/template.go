// Package template compiles text with variables in braces, as settings hold
// it: "user-{identity.subject}". "{{" is one literal brace.
package template

import (
	"errors"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A Template is compiled text. It is never altered.
type Template struct {
	Parts []Part
}

// A Part is literal text, or a variable where Name is set.
type Part struct {
	Literal string
	Name    string
	Value   func(x *pipeline.Exchange) string
	// Caller says that the value depends on who calls, and not on what is
	// asked for: method, host, path and query.
	Caller bool
	// Rest says that it is a parameter that takes the rest of the path, slashes
	// included.
	Rest bool
}

// Parse compiles text. Variables are the ones of names alone.
func Parse(text string, names Names) (Template, error) {
	var t Template
	for text != "" {
		literal, rest := cut(text)
		t.literal(literal)
		if rest == "" {
			return t, nil
		}
		name, after, found := strings.Cut(rest[1:], "}")
		if !found {
			return Template{}, errors.New(`"{" opens a variable that no "}" ends; write "{{" for a brace`)
		}
		part, err := names.variable(name)
		if err != nil {
			return Template{}, err
		}
		t.Parts = append(t.Parts, part)
		text = after
	}
	return t, nil
}

// cut returns the literal text in front of the first variable, unescaped, and
// what begins with that variable.
func cut(text string) (literal, rest string) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String(), ""
		}
		if !strings.HasPrefix(after, "{") {
			return b.String(), "{" + after
		}
		b.WriteByte('{')
		text = after[1:]
	}
}

func (t *Template) literal(text string) {
	if text != "" {
		t.Parts = append(t.Parts, Part{Literal: text})
	}
}

// Constant reports whether t has no variable.
func (t Template) Constant() bool {
	for _, p := range t.Parts {
		if p.Name != "" {
			return false
		}
	}
	return true
}

// All reports whether ok holds for the value of every variable in t.
func (t Template) All(x *pipeline.Exchange, ok func(value string) bool) bool {
	for i := range t.Parts {
		if p := &t.Parts[i]; p.Name != "" && !ok(p.Value(x)) {
			return false
		}
	}
	return true
}

// Expand returns the text for x: empty where any variable in it is empty, so
// that nothing is ever half said.
func (t Template) Expand(x *pipeline.Exchange) string {
	if len(t.Parts) == 1 {
		return t.Parts[0].text(x)
	}
	var room [160]byte
	text := room[:0]
	for i := range t.Parts {
		s := t.Parts[i].text(x)
		if s == "" {
			return ""
		}
		text = append(text, s...)
	}
	return string(text)
}

func (p *Part) text(x *pipeline.Exchange) string {
	if p.Name == "" {
		return p.Literal
	}
	return p.Value(x)
}
