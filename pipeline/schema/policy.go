package schema

import (
	"reflect"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// policy returns the schema of a registry.Policy that makes the type: a bare
// kind, or an object of one member.
func (b *builder) policy(makes string) *node {
	stage := reflect.TypeFor[[]pipeline.Stage]().String()
	if makes == "" {
		makes = stage
	}
	name := makes
	if makes == stage {
		name = "policy"
	}
	return b.define(makes, name, func() *node { return b.choice(makes, name) })
}

// A kindKey tells kinds apart.
type kindKey struct {
	makes reflect.Type
	name  string
}

func (b *builder) choice(makes, name string) *node {
	var bare []string
	members := map[string]*node{}
	for _, k := range b.kinds {
		if k.Makes().String() != makes {
			continue
		}
		none := needsNone(k.Settings())
		if none {
			bare = append(bare, k.KindName())
		}
		members[k.KindName()] = b.define(kindKey{k.Makes(), k.KindName()}, name+"."+k.KindName(), func() *node { return b.settings(k.Settings(), none) })
	}
	var forms []*node
	if len(bare) > 0 {
		forms = append(forms, &node{Enum: bare})
	}
	if len(members) > 0 {
		forms = append(forms, &node{Type: types{"object"}, Properties: members, Others: false, MinMembers: 1, MaxMembers: 1})
	}
	if len(forms) == 0 {
		return &node{Not: &node{}}
	}
	return &node{AnyOf: forms}
}

// settings returns the schema of the settings of a policy, with the two
// members that belong to the policy itself.
func (b *builder) settings(t reflect.Type, none bool) *node {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	n := &node{Type: types{"object"}}
	switch {
	case written(t) != nil:
	case t.Kind() == reflect.Struct:
		n = b.object(t)
	case t.Kind() == reflect.Map:
		n.Others = b.value(t.Elem(), "")
	}
	if n.Properties == nil {
		n.Properties = map[string]*node{}
	}
	n.Properties["as"] = &node{Type: types{"string"}, MinLength: 1}
	n.Properties["off"] = &node{Type: types{"boolean"}}
	if !none {
		n.MinMembers = 1
	}
	n.AllOf = []*node{b.define("off", "off", off)}
	return n
}

// off says that off: true takes no settings beside it.
func off() *node {
	return &node{
		If:   &node{Properties: map[string]*node{"off": {Const: true}}, Required: []string{"off"}},
		Then: &node{Names: &node{Enum: []string{"as", "off"}}},
	}
}

// needsNone reports whether settings of the type may be absent: whether they
// are valid with no member. A Validate that panics has refused.
func needsNone(t reflect.Type) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return registry.Decode(nil, reflect.New(t).Interface()) == nil
}
