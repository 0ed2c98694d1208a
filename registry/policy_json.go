package registry

import (
	"encoding/json"
	"fmt"
)

// MarshalJSON writes p as documents do: {"rate_limit": {"as": "burst", ...}}.
func (p Policy) MarshalJSON() ([]byte, error) {
	settings := map[string]json.RawMessage{}
	if len(p.Config) > 0 {
		if err := json.Unmarshal(p.Config, &settings); err != nil {
			return nil, fmt.Errorf("settings of %s: %w", p.Kind, err)
		}
	}
	if p.Name != "" {
		name, err := json.Marshal(p.Name)
		if err != nil {
			return nil, err
		}
		settings["as"] = name
	}
	if p.Off {
		settings["off"] = json.RawMessage("true")
	}
	return json.Marshal(map[string]any{p.Kind: settings})
}

// UnmarshalJSON reads what MarshalJSON writes, and the bare kind.
func (p *Policy) UnmarshalJSON(raw []byte) error {
	var kind string
	if json.Unmarshal(raw, &kind) == nil {
		*p = Policy{Kind: kind}
		return nil
	}
	var one map[string]json.RawMessage
	if err := json.Unmarshal(raw, &one); err != nil || len(one) != 1 {
		return fmt.Errorf("want a kind, or an object of one member: kind and settings")
	}
	for kind, settings := range one {
		return p.set(kind, settings)
	}
	return nil
}

func (p *Policy) set(kind string, settings json.RawMessage) error {
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(settings, &members); err != nil {
		return At("/"+Escape(kind), fmt.Errorf("want an object of settings"))
	}
	got := Policy{Kind: kind}
	if as, ok := members["as"]; ok {
		if json.Unmarshal(as, &got.Name) != nil || got.Name == "" {
			return At("/"+Escape(kind)+"/as", fmt.Errorf("want a name"))
		}
	}
	if off, ok := members["off"]; ok {
		if json.Unmarshal(off, &got.Off) != nil {
			return At("/"+Escape(kind)+"/off", fmt.Errorf("want true or false"))
		}
	}
	delete(members, "as")
	delete(members, "off")
	if len(members) > 0 {
		rest, err := json.Marshal(members)
		if err != nil {
			return err
		}
		if got.Config, err = Canonical(rest); err != nil {
			return err
		}
	}
	*p = got
	return nil
}
