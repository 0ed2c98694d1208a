package resilience

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Values of the setting scope: what the state of a policy belongs to.
const (
	scopeUpstream = "upstream"
	scopeRoute    = "route"
	scopeAPI      = "api"
)

func checkScope(faults *registry.Faults, scope string) {
	switch scope {
	case "", scopeUpstream, scopeRoute, scopeAPI:
	default:
		faults.Add("/scope", "want upstream, route or api, not %q", scope)
	}
}

// spanOf names the thing that the state belongs to: "upstream users". Where
// scope is empty it is the usual one or, where the route has no such thing,
// the route itself.
func spanOf(route *registry.Route, scope, usual string) (string, error) {
	if route == nil {
		return "", errors.New("belongs to routes, not to the edge")
	}
	wanted := scope
	if wanted == "" {
		wanted = usual
	}
	switch {
	case wanted == scopeUpstream && route.Upstream != "":
		return "upstream " + route.Upstream, nil
	case wanted == scopeAPI && route.API != "":
		return "api " + route.API, nil
	case wanted == scopeRoute || scope == "":
		return "route " + route.Name, nil
	}
	return "", registry.At("/scope", fmt.Errorf("the route has no %s", wanted))
}

// sharedKey is the key of what policies of one name share that say the same of
// the same thing. Quoting keeps the parts apart.
func sharedKey(env *pipeline.Env, span string, config any) (string, error) {
	settings, err := json.Marshal(config)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%q of %q with %q", env.Name, span, settings), nil
}
