package authn

import (
	"fmt"
	"slices"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const kindName = "authenticate"

// Config holds the settings of the kind "authenticate". Exactly one of its
// lists is given.
type Config struct {
	// AnyOf lists authenticators, of which the first whose credentials the
	// request bears decides: [{jwt: {...}}, {api_key: {...}}].
	AnyOf []registry.Policy `json:"any_of,omitempty" kind:"authn.Authenticator"`
	// AllOf lists authenticators that all have to find credentials that hold.
	// The identity is that of the first.
	AllOf []registry.Policy `json:"all_of,omitempty" kind:"authn.Authenticator"`
	// Optional lets requests without any credentials pass as nobody. Default
	// false. Credentials that do not hold are refused all the same.
	Optional bool `json:"optional,omitempty"`
	// Throttle limits attempts that fail. It is on by default.
	Throttle ThrottleConfig `json:"throttle,omitzero"`
}

// Validate reports every fault of the settings.
func (c Config) Validate() error {
	var faults registry.Faults
	if (len(c.AnyOf) == 0) == (len(c.AllOf) == 0) {
		faults.Add("", "want either any_of or all_of, with at least one authenticator")
	}
	for list, items := range c.lists {
		for i, item := range items {
			if item.Off {
				faults.Add(pointer(list, i, item)+"/off", "an authenticator of a list is left out, not switched off")
			}
		}
	}
	faults = append(faults, registry.AsFaults(registry.At("/throttle", c.Throttle.Validate()))...)
	return faults.Err()
}

// lists yields both lists with their member names.
func (c Config) lists(yield func(string, []registry.Policy) bool) {
	_ = yield("any_of", c.AnyOf) && yield("all_of", c.AllOf)
}

func pointer(list string, i int, item registry.Policy) string {
	return fmt.Sprintf("/%s/%d/%s", list, i, registry.Escape(item.Kind))
}

// Kind returns the kind "authenticate": one stage, in phase Authenticate.
func Kind() pipeline.Kind[[]pipeline.Stage] {
	return pipeline.NewKind(kindName, func(env *pipeline.Env, c Config) ([]pipeline.Stage, error) {
		a, err := build(env, c)
		if err != nil {
			return nil, err
		}
		name := kindName
		if env.Name != "" {
			name = env.Name
		}
		return []pipeline.Stage{stage(name, a)}, nil
	})
}

// Policy returns the policy of the settings.
func Policy(c Config) registry.Policy { return registry.NewPolicy(kindName, c) }

func build(env *pipeline.Env, c Config) (Authenticator, error) {
	var made [2][]Authenticator
	var faults registry.Faults
	i := 0
	for list, items := range c.lists {
		var err error
		made[i], err = makeEach(env, list, items)
		faults = append(faults, registry.AsFaults(err)...)
		i++
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	a := combine(made[0], made[1])
	if c.Optional {
		a = Optional(a)
	}
	return limited(env, c, a)
}

// limited puts the Throttle of the settings in front of a, which is made of
// them. Routes with equal limits share it, and it outlives reloads that leave
// them be. Credentials count for each authenticator by itself: a good token for
// one API is not held to what befell it at another.
func limited(env *pipeline.Env, c Config, a Authenticator) (Authenticator, error) {
	if c.Throttle.Disabled {
		return a, nil
	}
	limits := c.Throttle.filled()
	key := fmt.Sprintf("throttle %d %d %v", limits.Address, limits.Credential, limits.Per)
	t, err := pipeline.Shared(env, key, func(*pipeline.Env) (*Throttle, error) { return newThrottle(limits), nil })
	if err != nil {
		return nil, err
	}
	var scopes []string
	for _, item := range slices.Concat(c.AnyOf, c.AllOf) {
		scopes = append(scopes, item.Kind+" "+string(item.Config))
	}
	return throttledBy(t, a, scopes...), nil
}

func combine(anyOf, allOf []Authenticator) Authenticator {
	switch {
	case len(anyOf) == 1:
		return anyOf[0]
	case len(anyOf) > 1:
		return First(anyOf...)
	}
	return All(allOf...)
}

// makeEach builds the authenticators of one list, and reports the faults of all.
func makeEach(env *pipeline.Env, list string, items []registry.Policy) ([]Authenticator, error) {
	var faults registry.Faults
	var made []Authenticator
	for i, item := range items {
		a, err := pipeline.Make[Authenticator](env, item)
		if err != nil {
			faults = append(faults, registry.AsFaults(registry.At(pointer(list, i, item), err))...)
			continue
		}
		made = append(made, a)
	}
	return made, faults.Err()
}
