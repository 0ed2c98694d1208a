package cache

import (
	"net/url"
	"strings"
)

// A queryFilter says which parameters of a query belong to the key. They stay
// as they stand, in their order.
type queryFilter struct {
	only   bool // the named ones, and no others
	except bool // all but the named ones
	names  map[string]bool
}

func newQueryFilter(c QueryConfig) queryFilter {
	f := queryFilter{only: len(c.Include) > 0, except: len(c.Ignore) > 0, names: map[string]bool{}}
	for _, name := range append(c.Include, c.Ignore...) {
		f.names[name] = true
	}
	return f
}

// kept returns the query without the parameters that do not count.
func (f *queryFilter) kept(query string) string {
	if query == "" || !f.only && !f.except {
		return query
	}
	var b strings.Builder
	for pair := range strings.SplitSeq(query, "&") {
		if !f.counts(pair) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(pair)
	}
	return b.String()
}

// counts reports whether the parameter belongs to the key. What a backend may
// read as something else than is read here does in any case: a name that
// cannot be decoded, and what holds ";", which some take for a separator.
func (f *queryFilter) counts(pair string) bool {
	if pair == "" {
		return false
	}
	name, _, _ := strings.Cut(pair, "=")
	decoded, err := url.QueryUnescape(name)
	if err != nil || strings.Contains(pair, ";") {
		return true
	}
	return f.names[decoded] == f.only
}
