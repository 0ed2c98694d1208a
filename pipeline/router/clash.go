package router

// eachOfEqualRight calls f for each run of candidates that compare as equal.
func eachOfEqualRight(ordered []*candidate, f func(equals []*candidate)) {
	for len(ordered) > 0 {
		n := 1
		for n < len(ordered) && ordered[0].compare(ordered[n]) == 0 {
			n++
		}
		f(ordered[:n])
		ordered = ordered[n:]
	}
}

// clashes tells clash of each candidate that takes requests with a former one;
// with one of these, for a list of n alike would have n² pairs.
//
// Thousands of routes of one path are mostly told apart by the value of one
// field, so each is held only to those of its own value and to those that do
// not ask for the field.
func clashes(equals []*candidate, clash func(a, b *candidate)) {
	if len(equals) < 2 {
		return
	}
	by := commonField(equals)
	former := map[string][]*candidate{}
	var open []*candidate
	for i, c := range equals {
		value, asks := c.exact(by)
		switch {
		case !asks:
			clashWithAny(c, equals[:i], clash)
			open = append(open, c)
		case !clashWithAny(c, former[value], clash):
			clashWithAny(c, open, clash)
		}
		if asks {
			former[value] = append(former[value], c)
		}
	}
}

func clashWithAny(c *candidate, former []*candidate, clash func(a, b *candidate)) bool {
	for _, f := range former {
		if !f.disjoint(c) {
			clash(f, c)
			return true
		}
	}
	return false
}

// A matchField is a header field or query parameter.
type matchField struct {
	query bool
	name  string
}

// exact returns the value that c holds a field to.
func (c *candidate) exact(f matchField) (string, bool) {
	list := c.headers
	if f.query {
		list = c.query
	}
	for i := range list {
		if list[i].name == f.name && list[i].exact != "" {
			return list[i].exact, true
		}
	}
	return "", false
}

// commonField returns the field that most candidates hold to an exact value.
func commonField(list []*candidate) (most matchField) {
	count := map[matchField]int{}
	note := func(query bool, predicates []predicate) {
		for i := range predicates {
			if predicates[i].exact == "" {
				continue
			}
			f := matchField{query, predicates[i].name}
			if count[f]++; count[f] > count[most] {
				most = f
			}
		}
	}
	for _, c := range list {
		note(false, c.headers)
		note(true, c.query)
	}
	return most
}
