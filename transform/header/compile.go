package header

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/internal/field"
	"github.com/seed-f9645bd3/gateway/transform/internal/template"
)

// edits are Edits, compiled, ordered by name.
type edits struct {
	remove             []string
	rename             []move
	set, add, fallback []write
}

// A move renames one field.
type move struct{ from, to string }

// A write gives one field a value.
type write struct {
	field    string
	value    template.Template
	constant []string // the value where it has no variable, ready to be shared
}

// callers returns the parts that depend on who calls.
func (e *edits) callers() []template.Part {
	var parts []template.Part
	for _, w := range slices.Concat(e.set, e.add, e.fallback) {
		for _, p := range w.value.Parts {
			if p.Caller {
				parts = append(parts, p)
			}
		}
	}
	return parts
}

// sound reports whether every variable can be part of a field value.
func (e *edits) sound(x *pipeline.Exchange) bool {
	for _, list := range [...][]write{e.set, e.add, e.fallback} {
		for i := range list {
			if list[i].constant == nil && !list[i].value.All(x, field.ValidValue) {
				return false
			}
		}
	}
	return true
}

// A compiler turns the Edits of one direction into edits and collects faults.
type compiler struct {
	names   template.Names
	at      string // pointer of the Edits
	request bool
	faults  *registry.Faults
}

func compileEdits(c *compiler, e Edits) edits {
	return edits{
		remove:   c.remove(e.Remove),
		rename:   c.rename(e),
		set:      c.writes("/set", e.Set, false),
		add:      c.writes("/add", e.Add, true),
		fallback: c.writes("/default", e.Default, true),
	}
}

func (c *compiler) fault(pointer string, err error) {
	c.faults.Add(c.at+pointer, "%w", err)
}

// name returns the canonical name, having reported what is wrong with it.
func (c *compiler) name(pointer, name string) string {
	if err := field.Editable(name); err != nil {
		c.fault(pointer, err)
	}
	return http.CanonicalHeaderKey(name)
}

func (c *compiler) remove(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		pointer := fmt.Sprintf("/remove/%d", i)
		out[i] = c.name(pointer, name)
		if slices.Contains(out[:i], out[i]) {
			c.fault(pointer, fmt.Errorf("%s is removed twice", out[i]))
		}
	}
	return out
}

func (c *compiler) rename(e Edits) []move {
	var moves []move
	for _, from := range slices.Sorted(maps.Keys(e.Rename)) {
		pointer := "/rename/" + registry.Escape(from)
		m := move{c.name(pointer, from), c.name(pointer, e.Rename[from])}
		if err := clash(m, moves, e.Remove); err != nil {
			c.fault(pointer, err)
		}
		moves = append(moves, m)
	}
	return moves
}

// clash reports why m has no one meaning beside the moves before it and what
// is removed.
func clash(m move, before []move, removed []string) error {
	if m.from == m.to {
		return errors.New("want another name")
	}
	for _, name := range removed {
		if http.CanonicalHeaderKey(name) == m.from {
			return fmt.Errorf("%s is removed before it could be renamed", m.from)
		}
	}
	for _, o := range before {
		if m.from == o.from || m.from == o.to || m.to == o.from || m.to == o.to {
			return fmt.Errorf("meets the renaming of %s to %s: a field is renamed once, to a name of its own", o.from, o.to)
		}
	}
	return nil
}

// writes compiles the values of one map. Where what the caller sent stays
// beside or before them (keeps), no value of a request may tell who calls.
func (c *compiler) writes(list string, values map[string]string, keeps bool) []write {
	var out []write
	for _, name := range slices.Sorted(maps.Keys(values)) {
		pointer := list + "/" + registry.Escape(name)
		w := write{field: c.name(pointer, name), value: c.value(pointer, values[name])}
		if slices.ContainsFunc(out, func(o write) bool { return o.field == w.field }) {
			c.fault(pointer, fmt.Errorf("%s is given twice", w.field))
		}
		if w.value.Constant() {
			w.constant = []string{w.value.Expand(nil)}
		}
		if keeps && c.request {
			c.refuseCaller(pointer, w.value)
		}
		out = append(out, w)
	}
	return out
}

func (c *compiler) value(pointer, text string) template.Template {
	t, err := template.Parse(text, c.names)
	switch {
	case err != nil:
		c.fault(pointer, err)
	case text == "":
		c.fault(pointer, errors.New("want a value; remove drops a field"))
	case !field.ValidValue(text):
		c.fault(pointer, errors.New("want no control characters in the value of a field (RFC 9110 section 5.5)"))
	}
	return t
}

func (c *compiler) refuseCaller(pointer string, t template.Template) {
	for _, p := range t.Parts {
		if p.Caller {
			c.fault(pointer, fmt.Errorf("{%s} beside what the caller sent in the field could be forged; use set", p.Name))
			return
		}
	}
}
