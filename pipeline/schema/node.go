package schema

import "encoding/json"

// A node is a schema; the zero value takes anything. Of the keywords, it has
// those that are needed here.
type node struct {
	Schema     string           `json:"$schema,omitempty"`
	Title      string           `json:"title,omitempty"`
	Ref        string           `json:"$ref,omitempty"`
	Type       types            `json:"type,omitempty"`
	Enum       []string         `json:"enum,omitempty"`
	Const      any              `json:"const,omitempty"`
	Format     string           `json:"format,omitempty"`
	Pattern    string           `json:"pattern,omitempty"`
	MinLength  int              `json:"minLength,omitempty"`
	Minimum    any              `json:"minimum,omitempty"`
	Maximum    any              `json:"maximum,omitempty"`
	Items      *node            `json:"items,omitempty"`
	MinItems   *int             `json:"minItems,omitempty"`
	MaxItems   *int             `json:"maxItems,omitempty"`
	Properties map[string]*node `json:"properties,omitempty"`
	Required   []string         `json:"required,omitempty"`
	Names      *node            `json:"propertyNames,omitempty"`
	Others     any              `json:"additionalProperties,omitempty"` // false, or a *node
	MinMembers int              `json:"minProperties,omitempty"`
	MaxMembers int              `json:"maxProperties,omitempty"`
	AnyOf      []*node          `json:"anyOf,omitempty"`
	OneOf      []*node          `json:"oneOf,omitempty"`
	AllOf      []*node          `json:"allOf,omitempty"`
	If         *node            `json:"if,omitempty"`
	Then       *node            `json:"then,omitempty"`
	Not        *node            `json:"not,omitempty"`
	Defs       map[string]*node `json:"$defs,omitempty"`
}

// types are the types that a value may be of; none stands for all.
type types []string

// MarshalJSON writes one type as itself.
func (ts types) MarshalJSON() ([]byte, error) {
	if len(ts) == 1 {
		return json.Marshal(ts[0])
	}
	return json.Marshal([]string(ts))
}

// orNull returns the node with null as a further value.
func (n *node) orNull() *node {
	if len(n.Type) == 0 && n.Ref == "" && n.Not == nil {
		return n // takes anything
	}
	return &node{AnyOf: []*node{n, {Type: types{"null"}}}}
}
