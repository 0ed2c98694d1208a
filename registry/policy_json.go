package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// MarshalJSON writes p as documents do: {"rate_limit": {"as": "burst", ...}}.
func (p Policy) MarshalJSON() ([]byte, error) {
	kind, err := json.Marshal(p.Kind)
	if err != nil {
		return nil, err
	}
	settings, err := p.settings()
	if err != nil {
		return nil, fmt.Errorf("settings of %s: %w", p.Kind, err)
	}
	return slices.Concat([]byte("{"), kind, []byte(":"), settings, []byte("}")), nil
}

// settings returns the object of the settings, with what belongs to p itself.
func (p Policy) settings() (json.RawMessage, error) {
	switch {
	case p.Name != "" || p.Off:
	case len(p.Config) == 0:
		return json.RawMessage("{}"), nil
	default:
		return p.Config, nil
	}
	members := map[string]any{}
	d := decoder{data: p.Config}
	if len(p.Config) > 0 {
		s := scanner{data: p.Config}
		if err := s.document(); err != nil {
			return nil, err
		}
		if d.next() != '{' {
			return nil, errors.New("want an object")
		}
		d.members(func(name string) { members[name] = json.RawMessage(d.raw()) })
	}
	if p.Name != "" {
		members["as"] = p.Name
	}
	if p.Off {
		members["off"] = true
	}
	return json.Marshal(members)
}

// UnmarshalJSON reads what MarshalJSON writes, and the bare kind. What it
// finds wrong are Faults, with pointers within the value.
func (p *Policy) UnmarshalJSON(raw []byte) error {
	s := scanner{data: raw}
	if err := s.document(); err != nil {
		return Faults{{Err: err}}
	}
	if err := s.faults.err(); err != nil {
		return err
	}
	d := decoder{data: raw}
	switch d.next() {
	case '"':
		return p.bare(d.text())
	case '{':
		return p.object(&d)
	default:
		return Faults{{Err: fmt.Errorf("want a kind, or an object of one member: kind and settings, found %s", d.found("an object"))}}
	}
}

func (p *Policy) bare(kind string) error {
	if kind == "" {
		return Faults{{Err: fmt.Errorf("want a kind, found an empty string")}}
	}
	*p = Policy{Kind: kind}
	return nil
}

// object reads {kind: settings}.
func (p *Policy) object(d *decoder) error {
	var kinds []string
	var settings *decoder
	d.members(func(kind string) {
		kinds = append(kinds, kind)
		settings = &decoder{data: d.raw()}
	})
	switch {
	case len(kinds) == 0:
		return Faults{{Err: fmt.Errorf("want a kind and its settings, found an empty object")}}
	case len(kinds) > 1:
		return Faults{{Err: fmt.Errorf("want one kind, found %d: %q; write each as an element of its own, and its settings below it", len(kinds), kinds)}}
	case kinds[0] == "":
		return Faults{{Err: fmt.Errorf("want a kind, found an empty name")}}
	}
	return At("/"+Escape(kinds[0]), p.set(kinds[0], settings))
}

// set reads the settings, and takes out what belongs to the policy itself.
func (p *Policy) set(kind string, d *decoder) error {
	switch c := d.next(); {
	case c == 'n':
		return fmt.Errorf("want an object of settings, found null; write {} where there are none")
	case c != '{':
		return fmt.Errorf("want an object of settings, found %s", d.found("an object"))
	}
	got, rest, faults := Policy{Kind: kind}, map[string]json.RawMessage{}, Faults{}
	d.members(func(name string) {
		switch raw := d.raw(); name {
		case "as":
			if raw[0] != '"' || len(raw) == 2 {
				faults.Add("/as", "want a name")
				return
			}
			got.Name = unquote(raw)
		case "off":
			if !bytes.Equal(raw, []byte("true")) && !bytes.Equal(raw, []byte("false")) {
				faults.Add("/off", "want true or false")
			}
			got.Off = bytes.Equal(raw, []byte("true"))
		default:
			rest[name] = raw
		}
	})
	if got.Off && len(rest) > 0 {
		faults.Add("/off", "off: true takes no settings beside it, found %q", slices.Sorted(maps.Keys(rest)))
	}
	if err := faults.Err(); err != nil || len(rest) == 0 {
		*p = got
		return err
	}
	settings, err := json.Marshal(rest)
	if err == nil {
		got.Config, err = Canonical(settings)
	}
	*p = got
	return err
}
