package template

import (
	"errors"
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Names is the set of variables that a template may use.
type Names struct {
	params []string
	rest   string // the parameter that takes the rest of the path
	open   bool   // any parameter is taken: the route is not known yet
}

// AnyRoute returns the names for a check without a route: any parameter is
// taken to exist.
func AnyRoute() Names { return Names{open: true} }

// ForRoute returns the names on a route: the parameters are those of its path
// template. Nil is the edge chain, which has none.
func ForRoute(route *registry.Route) Names {
	if route == nil {
		return Names{}
	}
	return pathNames(route.Match.Path)
}

// pathNames returns the parameters of a path template such as
// "/users/{id}/{rest...}".
func pathNames(path string) Names {
	var n Names
	for {
		_, after, found := strings.Cut(path, "{")
		name, behind, closed := strings.Cut(after, "}")
		if !found || !closed {
			return n
		}
		name, rest := strings.CutSuffix(name, "...")
		if rest {
			n.rest = name
		}
		n.params = append(n.params, name)
		path = behind
	}
}

const (
	paramPrefix = "param."
	claimPrefix = "claim."
)

func (n Names) variable(name string) (Part, error) {
	if param, ok := strings.CutPrefix(name, paramPrefix); ok {
		return n.param(name, param)
	}
	if claim, ok := strings.CutPrefix(name, claimPrefix); ok && claim != "" {
		return Part{Name: name, Caller: true, Value: claimOf(claim)}, nil
	}
	if p, ok := variables()[name]; ok {
		p.Name = name
		return p, nil
	}
	return Part{}, registry.Unknown("variable", name, n.all())
}

func (n Names) param(name, param string) (Part, error) {
	if param == "" {
		return Part{}, errors.New("{param.NAME} wants the name of a parameter of the path")
	}
	if !n.open && !slices.Contains(n.params, param) {
		return Part{}, registry.Unknown("parameter of the path", param, n.params)
	}
	return Part{
		Name: name, Rest: param == n.rest,
		Value: func(x *pipeline.Exchange) string { return x.Param(param) },
	}, nil
}

func (n Names) all() []string {
	all := []string{claimPrefix + "NAME"}
	for name := range variables() {
		all = append(all, name)
	}
	for _, p := range n.params {
		all = append(all, paramPrefix+p)
	}
	if n.open {
		all = append(all, paramPrefix+"NAME")
	}
	slices.Sort(all)
	return all
}
