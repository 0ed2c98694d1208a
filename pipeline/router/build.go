package router

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A builder makes the trees of a Router and collects what is wrong.
type builder struct {
	routes     []registry.Route
	candidates []candidate
	trees      map[hostKey]*branch
	leaves     []*leaf
	texts      map[string]string
	clashed    map[[2]int]bool
	faults     registry.Faults
}

// A hostKey is a host of a match in its canonical form; empty is any.
type hostKey struct {
	name     string
	wildcard bool
}

// add puts a route into the tree of each of its hosts. One that is faulty
// stays out.
func (b *builder) add(index int) {
	route := &b.routes[index]
	var faults registry.Faults
	template := matchPath(route.Match.Path, &faults)
	hosts := matchHosts(route.Match.Hosts, &faults)
	c := &b.candidates[index]
	*c = candidate{
		route: index, names: names(template), priority: route.Match.Priority,
		methods: matchMethods(route.Match.Methods, &faults),
	}
	var broken registry.Faults
	c.headers, broken = parsePredicates(route.Match.Headers, "/match/headers", headerName)
	faults = append(faults, broken...)
	c.query, broken = parsePredicates(route.Match.Query, "/match/query", queryName)
	faults = append(faults, broken...)
	if len(faults) > 0 {
		b.faults = append(b.faults, of(route, faults)...)
		return
	}
	b.share(template, c.methods)
	for _, host := range hosts {
		b.attach(b.tree(host).leaf(template), c)
	}
}

// of completes faults with the route that they are of.
func of(route *registry.Route, faults registry.Faults) registry.Faults {
	for _, f := range faults {
		f.Route, f.Pos = route.Name, route.Pos
	}
	return faults
}

func (b *builder) attach(l *leaf, c *candidate) {
	if len(l.all) == 0 {
		b.leaves = append(b.leaves, l)
	}
	l.all = append(l.all, c)
}

func (b *builder) tree(host hostKey) *branch {
	tree, ok := b.trees[host]
	if !ok {
		tree = &branch{}
		b.trees[host] = tree
	}
	return tree
}

// share has equal texts of all routes in one place: the common ones are then
// always near.
func (b *builder) share(template []segment, methods []string) {
	one := func(text string) string {
		known, ok := b.texts[text]
		if !ok {
			known = strings.Clone(text)
			b.texts[text] = known
		}
		return known
	}
	for i := range template {
		template[i].text = one(template[i].text)
	}
	for i := range methods {
		methods[i] = one(methods[i])
	}
}

// router lays the trees out. The leaves are sealed.
func (b *builder) router() *Router {
	l := layout{seed: maphash.MakeSeed()}
	r := &Router{seed: l.seed, exact: map[string]*node{}, wildcard: map[string]*node{}}
	for host, tree := range b.trees {
		switch root := l.tree(tree); {
		case host.name == "":
			r.any = root
		case host.wildcard:
			r.wildcard[host.name] = root
		default:
			r.exact[host.name] = root
		}
	}
	return r
}

// clash notes that two routes have equal right, once for each two.
func (b *builder) clash(x, y *candidate) {
	pair := [2]int{min(x.route, y.route), max(x.route, y.route)}
	if b.clashed[pair] {
		return
	}
	if b.clashed == nil {
		b.clashed = map[[2]int]bool{}
	}
	b.clashed[pair] = true
	first, second := &b.routes[pair[0]], &b.routes[pair[1]]
	b.faults = append(b.faults, &registry.Fault{
		Route: second.Name, Field: "/match", Pos: second.Pos,
		Err: fmt.Errorf("ambiguous: route %q takes the same requests as route %q with equal right; give one a higher priority",
			second.Name, first.Name),
	})
}

func matchPath(path string, faults *registry.Faults) []segment {
	template, errs := parsePath(path)
	for _, err := range errs {
		faults.Add("/match/path", "%w", err)
	}
	return template
}

func matchHosts(hosts []string, faults *registry.Faults) []hostKey {
	if len(hosts) == 0 {
		return []hostKey{{}}
	}
	var keys []hostKey
	for i, text := range hosts {
		name, wildcard, err := parseHost(text)
		if err != nil {
			faults.Add(fmt.Sprintf("/match/hosts/%d", i), "%w", err)
		}
		if key := (hostKey{name, wildcard}); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

func matchMethods(methods []string, faults *registry.Faults) []string {
	for i, m := range methods {
		field := fmt.Sprintf("/match/methods/%d", i)
		switch {
		case !isToken(m):
			faults.Add(field, "%q is no method", m)
		case m != strings.ToUpper(m):
			faults.Add(field, "methods are written in upper case; want %q, not %q", strings.ToUpper(m), m)
		case never(m):
			faults.Add(field, "%s is never taken", m)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(methods)))
}
