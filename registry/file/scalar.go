package file

import (
	"math/big"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// scalar writes a plain or quoted scalar.
func (c *converter) scalar(n ast.ScalarNode) {
	if s, ok := n.(*ast.StringNode); ok && (quoted(s.Token) || strings.ContainsAny(s.Value, " \n")) {
		c.text(s.Value)
		return
	}
	tk := n.GetToken()
	if tk.Type == token.ImplicitNullType {
		c.out.WriteString("null")
		return
	}
	c.plain(n, tk.Value)
}

func quoted(tk *token.Token) bool {
	return tk.Type == token.SingleQuoteType || tk.Type == token.DoubleQuoteType
}

var (
	wholePattern = regexp.MustCompile(`^[-+]?[0-9]+$`)
	basedPattern = regexp.MustCompile(`^0o[0-7]+$|^0x[0-9a-fA-F]+$`)
	floatPattern = regexp.MustCompile(`^([-+]?)(\.[0-9]+|[0-9]+(?:\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	noNumber     = regexp.MustCompile(`^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$`)
)

// plain writes an unquoted scalar by the core schema of YAML 1.2 (section
// 10.3.2): yes, no, on and off are strings.
func (c *converter) plain(n ast.Node, text string) {
	switch text {
	case "", "~", "null", "Null", "NULL":
		c.out.WriteString("null")
	case "true", "True", "TRUE":
		c.out.WriteString("true")
	case "false", "False", "FALSE":
		c.out.WriteString("false")
	default:
		c.number(n, text)
	}
}

// number writes a number, or the string that text is otherwise.
func (c *converter) number(n ast.Node, text string) {
	digits := strings.TrimLeft(text, "+-")
	switch {
	case wholePattern.MatchString(text) && len(digits) > 1 && digits[0] == '0':
		c.fault(n, "%s is octal in YAML 1.1 and decimal in 1.2; write it without the zero in front, as 0o%s, or in quotes", text, strings.TrimLeft(digits, "0"))
	case wholePattern.MatchString(text):
		c.out.WriteString(strings.TrimPrefix(text, "+"))
	case basedPattern.MatchString(text):
		whole, _ := new(big.Int).SetString(text, 0)
		c.out.WriteString(whole.String())
	case noNumber.MatchString(text):
		c.fault(n, "%s is not a number that JSON knows; write it in quotes if it is text", text)
	case floatPattern.MatchString(text):
		c.out.WriteString(jsonFloat(text))
	default:
		c.text(text)
	}
}

// jsonFloat writes a number with the digits around its point that JSON needs.
func jsonFloat(text string) string {
	m := floatPattern.FindStringSubmatch(text)
	whole, fraction, _ := strings.Cut(m[2], ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return strings.TrimPrefix(m[1], "+") + whole + fraction + m[3]
}

// knownTag reports whether a tag is one of the core schema.
func knownTag(name string) bool {
	switch name {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq":
		return true
	}
	return false
}

// tag writes a value whose type is stated.
func (c *converter) tag(n *ast.TagNode) {
	name := n.Start.Value
	if !knownTag(name) {
		c.fault(n, "unknown tag %s", name)
		return
	}
	scalar, ok := n.Value.(ast.ScalarNode)
	if name != "!!str" || !ok {
		c.node(n.Value)
		return
	}
	if s, ok := n.Value.(*ast.StringNode); ok {
		c.text(s.Value)
		return
	}
	if l, ok := n.Value.(*ast.LiteralNode); ok {
		c.text(l.Value.Value)
		return
	}
	c.text(scalar.GetToken().Value)
}
