package payload

import (
	"fmt"

	"github.com/seed-f9645bd3/gateway/registry"
)

// Config holds the settings of the kind "payload".
type Config struct {
	// JSON bounds documents of JSON.
	JSON JSON `json:"json,omitzero"`
	// XML bounds documents of XML.
	XML XML `json:"xml,omitzero"`
	// ContentTypes says what is taken for JSON and for XML, and what becomes of
	// everything else.
	ContentTypes ContentTypes `json:"content_types,omitzero"`
	// Inspect is the length up to which a body is checked as a whole before
	// anything of it is sent, such as 64KiB. Default 64KiB, at most 16MiB. A longer
	// body is sent while it is checked, and cut off where it is bad.
	Inspect registry.Size `json:"inspect,omitempty"`
	// Stream sends every body while it is checked, as if none were short: for
	// conversations, where the caller sends the next piece when it has seen an
	// answer to the one before. Default false. Not to be had together with Inspect.
	Stream bool `json:"stream,omitempty"`
}

// JSON holds the bounds of a document of JSON. Lengths are those of what is
// written, escapes included.
type JSON struct {
	// Depth is how deep arrays and objects may stand in each other. Default 64, at
	// most 1000.
	Depth int `json:"depth,omitempty"`
	// Keys is the most members of one object. Default 1000, at most 1000000. With
	// duplicate_keys refused, no more than 100000 in all objects that are open at
	// a time.
	Keys int `json:"keys,omitempty"`
	// Elements is the most elements of one array. Default 10000.
	Elements int `json:"elements,omitempty"`
	// Values is the most values of one document, arrays and objects included.
	// Default 1000000.
	Values int `json:"values,omitempty"`
	// Key is the longest name of a member. Default 1KiB, at most 64KiB.
	Key registry.Size `json:"key,omitempty"`
	// String is the longest string. Default 256KiB.
	String registry.Size `json:"string,omitempty"`
	// Number is the most characters of one number. Default 100.
	Number int `json:"number,omitempty"`
	// Exponent is the greatest exponent of a number, to either side: 1e400 takes
	// some programs hours to write out. Default 400, at most 1000000.
	Exponent int `json:"exponent,omitempty"`
	// DuplicateKeys says what becomes of an object with two members of one name,
	// compared after escapes were undone: refuse (the default) or allow. One
	// parser takes the first, another the last.
	DuplicateKeys string `json:"duplicate_keys,omitempty" enum:"refuse,allow"`
}

// XML holds the bounds of a document of XML. Lengths are those of what is
// written, references included.
type XML struct {
	// Depth is how deep elements may stand in each other. Default 64, at most 1000.
	Depth int `json:"depth,omitempty"`
	// Elements is the most elements of one document. Default 100000.
	Elements int `json:"elements,omitempty"`
	// Children is the most elements directly in one. Default 10000.
	Children int `json:"children,omitempty"`
	// Attributes is the most attributes of one element, declarations of namespaces
	// included. Default 64, at most 10000.
	Attributes int `json:"attributes,omitempty"`
	// Namespaces is the most declarations of namespaces on one element. Default 16.
	Namespaces int `json:"namespaces,omitempty"`
	// Name is the longest name of an element or attribute. Default 256B, at most
	// 64KiB.
	Name registry.Size `json:"name,omitempty"`
	// Value is the longest value of an attribute. Default 8KiB.
	Value registry.Size `json:"value,omitempty"`
	// Text is the longest text between two tags, CDATA sections and comments
	// included. Default 256KiB.
	Text registry.Size `json:"text,omitempty"`
	// SchemaLocation says what becomes of attributes schemaLocation and
	// noNamespaceSchemaLocation, which have some backends fetch what they name:
	// refuse (the default) or allow.
	SchemaLocation string `json:"schema_location,omitempty" enum:"refuse,allow"`
}

// ContentTypes says which bodies are checked, by their Content-Type.
type ContentTypes struct {
	// JSON lists the media types that are JSON. Default application/json,
	// application/*+json and text/json.
	JSON []string `json:"json,omitempty"`
	// XML lists the media types that are XML. Default application/xml,
	// application/*+xml and text/xml.
	XML []string `json:"xml,omitempty"`
	// Other says what becomes of bodies of other types: pass (the default), which
	// leaves them unchecked, or refuse.
	Other string `json:"other,omitempty" enum:"pass,refuse"`
	// Untyped says what becomes of bodies without a Content-Type: refuse (the
	// default), pass, or json or xml, which takes them for that.
	Untyped string `json:"untyped,omitempty" enum:"refuse,pass,json,xml"`
	// Encoded says what becomes of JSON and XML with a Content-Encoding such as
	// gzip: refuse (the default), or pass, which leaves it unchecked.
	Encoded string `json:"encoded,omitempty" enum:"refuse,pass"`
}

// Bounds and defaults.
const (
	DefaultInspect = 64 * registry.KiB
	MaxInspect     = 16 * registry.MiB

	maxDepth  = 1000
	maxLength = 1 * registry.GiB
	maxName   = 64 * registry.KiB
	maxCount  = 1_000_000_000
)

type jsonLimits struct {
	depth, keys, elements, values int
	key, text, number, exponent   int
	unique                        bool
}

// of returns the most bytes of a name, or of a string.
func (l *jsonLimits) of(name bool) int {
	if name {
		return l.key
	}
	return l.text
}

func (c JSON) limits() jsonLimits {
	return jsonLimits{
		depth: or(c.Depth, 64), keys: or(c.Keys, 1000), elements: or(c.Elements, 10_000), values: or(c.Values, 1_000_000),
		key: int(c.Key.Or(registry.KiB)), text: int(c.String.Or(256 * registry.KiB)),
		number: or(c.Number, 100), exponent: or(c.Exponent, 400), unique: c.DuplicateKeys != "allow",
	}
}

type xmlLimits struct {
	depth, elements, children, attributes, namespaces int
	name, value, text                                 int
	schemas                                           bool
}

func (c XML) limits() xmlLimits {
	return xmlLimits{
		depth: or(c.Depth, 64), elements: or(c.Elements, 100_000), children: or(c.Children, 10_000),
		attributes: or(c.Attributes, 64), namespaces: or(c.Namespaces, 16),
		name: int(c.Name.Or(256)), value: int(c.Value.Or(8 * registry.KiB)), text: int(c.Text.Or(256 * registry.KiB)),
		schemas: c.SchemaLocation == "allow",
	}
}

func or(n, other int) int {
	if n == 0 {
		return other
	}
	return n
}

// Validate reports what is wrong with c.
func (c Config) Validate() error {
	f := faults{}
	f.size("/inspect", c.Inspect, MaxInspect)
	if c.Stream && c.Inspect != 0 {
		f.Add("/inspect", "want nothing where stream is true: no body is held")
	}
	c.JSON.validate(&f)
	c.XML.validate(&f)
	c.ContentTypes.validate(&f)
	return f.Err()
}

func (c JSON) validate(f *faults) {
	f.number("/json/depth", c.Depth, maxDepth)
	f.number("/json/keys", c.Keys, 1_000_000)
	f.number("/json/elements", c.Elements, maxCount)
	f.number("/json/values", c.Values, maxCount)
	f.size("/json/key", c.Key, maxName)
	f.size("/json/string", c.String, maxLength)
	f.number("/json/number", c.Number, 1_000_000)
	f.number("/json/exponent", c.Exponent, 1_000_000)
	f.choice("/json/duplicate_keys", c.DuplicateKeys, "refuse", "allow")
}

func (c XML) validate(f *faults) {
	f.number("/xml/depth", c.Depth, maxDepth)
	f.number("/xml/elements", c.Elements, maxCount)
	f.number("/xml/children", c.Children, maxCount)
	f.number("/xml/attributes", c.Attributes, 10_000)
	f.number("/xml/namespaces", c.Namespaces, 10_000)
	f.size("/xml/name", c.Name, maxName)
	f.size("/xml/value", c.Value, maxLength)
	f.size("/xml/text", c.Text, maxLength)
	f.choice("/xml/schema_location", c.SchemaLocation, "refuse", "allow")
}

func (c ContentTypes) validate(f *faults) {
	lists := map[string][]string{"json": c.JSON, "xml": c.XML}
	seen := map[string]bool{}
	for _, format := range []string{"json", "xml"} {
		for i, t := range lists[format] {
			at := fmt.Sprintf("/content_types/%s/%d", format, i)
			if _, err := parsePattern(t); err != nil {
				f.Add(at, "%w", err)
			}
			if seen[t] {
				f.Add(at, "%q is listed twice", t)
			}
			seen[t] = true
		}
	}
	f.choice("/content_types/other", c.Other, "pass", "refuse")
	f.choice("/content_types/untyped", c.Untyped, "refuse", "pass", "json", "xml")
	f.choice("/content_types/encoded", c.Encoded, "refuse", "pass")
}
