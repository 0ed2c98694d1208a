package wire

import (
	"fmt"
	"slices"
	"strings"
)

// Misses tells what was not as the case says; nothing is as good as it gets.
// Where strict is false, what the RFCs leave to a gateway is left to it: which
// refusal, whether an answer is given before the connection is closed, and what
// Case.MayPass lists.
func (r Report) Misses(strict bool) []string {
	if r.failed != "" {
		return []string{r.failed}
	}
	var m misses
	for _, f := range r.faults {
		m.add("the backend got what a strict reader refuses: %s", f)
	}
	if r.Rest != "" {
		m.add("the client got what is no answer: %s", short(r.Rest))
	}
	if r.Case.Script != nil {
		return m
	}
	if strict {
		r.strictly(&m)
	} else {
		r.fairly(&m)
	}
	return m
}

type misses []string

func (m *misses) add(format string, args ...any) { *m = append(*m, fmt.Sprintf(format, args...)) }

// strictly holds the report to the verdict of the case.
func (r Report) strictly(m *misses) {
	c := r.Case
	ours := func(got, want string) bool {
		want, _, _ = strings.Cut(want, "~")
		return oneOf(got, want)
	}
	if got, want := r.statuses(), r.withProbe(c.Want, "200"); !slices.EqualFunc(got, want, ours) {
		m.add("the answers are %v, not %v", got, want)
	}
	if got, wanted := r.requests(), r.withProbe(c.Seen, probed); !slices.Equal(got, wanted) {
		m.add("the backend got %s, not %s", short(strings.Join(got, ", ")), short(strings.Join(wanted, ", ")))
	}
	if len(r.partial) > 0 && !c.Partial {
		m.add("the backend got a request that is not whole: %s", short(r.partial[0].String()))
	}
	if r.Waited {
		m.add("the connection did not end")
	}
	r.common(m)
	r.problems(m)
}

// fairly holds the report to what every gateway has to do.
func (r Report) fairly(m *misses) {
	c := r.Case
	seen := r.requests()
	if len(seen) > 0 && seen[len(seen)-1] == probed {
		seen = seen[:len(seen)-1]
	}
	switch {
	case len(seen) > 0 && len(seen) <= len(c.MayPass) && slices.Equal(seen, c.MayPass[:len(seen)]):
		return // a leniency
	case len(seen) == 0 && r.mayRefuse():
		return
	case len(c.Interim) > 0 || c.Cut || r.ofBackend():
		r.unbroken(m)
		return
	case c.refuses():
		if len(seen) > 0 {
			m.add("the backend got %s", short(strings.Join(seen, ", ")))
		}
		if got := r.statuses(); len(got) > 0 && got[0] < "3" {
			m.add("it was answered with %v", got)
		}
		return
	}
	got := r.statuses()
	for i, w := range c.Want {
		if i >= len(got) || !oneOf(got[i], w) {
			m.add("the answers are %v, not %v", got, c.Want)
			break
		}
	}
	if !slices.Equal(seen, c.Seen) {
		m.add("the backend got %s, not %s", short(strings.Join(seen, ", ")), short(strings.Join(c.Seen, ", ")))
	}
	if c.Keeps && r.Waited {
		m.add("the connection did not end")
	}
	r.common(m)
}

// mayRefuse tells whether the request was refused, as others may.
func (r Report) mayRefuse() bool {
	got := r.statuses()
	if len(got) == 0 || len(r.Case.Want) == 0 || got[0] < "4" {
		return false
	}
	_, others, _ := strings.Cut(r.Case.Want[0], "~")
	return oneOf(got[0], others)
}

// ofBackend tells whether it is the backend that is at fault.
func (r Report) ofBackend() bool {
	return len(r.Case.Want) == 1 && r.Case.Want[0][0] == '5' && len(r.Case.Seen) > 0
}

// unbroken looks that what a backend broke does not look whole, and that what
// only concerns the connection to it goes no further.
func (r Report) unbroken(m *misses) {
	got := r.statuses()
	first := "none"
	if len(got) > 0 {
		first = got[0]
	}
	switch c := r.Case; {
	case c.Cut || r.ofBackend():
		if whole := !r.Cut || len(got) > 1; whole && first != "none" && first[0] != '5' {
			m.add("the client got %s as a whole answer", first)
		}
	case !oneOf(first, c.Want[0]):
		m.add("the answer is %s, not %s", first, c.Want[0])
	default:
		r.fields(m)
	}
}

// common is what both forms of judgement look at.
func (r Report) common(m *misses) {
	c := r.Case
	r.fields(m)
	if c.Cut != r.Cut && (c.Stream == nil || !r.Reset) { // a stream may be reset behind its answer
		m.add("cut off: %v, not %v", r.Cut, c.Cut)
	}
	if c.Body != "" && (len(r.Answers) == 0 || r.Answers[0].Body != c.Body) {
		m.add("the body is %s, not %s", short(r.body()), short(c.Body))
	}
	interim, wanted := []int{}, slices.Clone(c.Interim)
	for _, i := range r.Interim {
		interim = append(interim, i.Status())
	}
	if c.Again && len(interim) < 2*len(wanted)+1 { // each attempt may have them
		interim, wanted = slices.Compact(interim), slices.Compact(wanted)
	}
	if !slices.Equal(interim, wanted) {
		m.add("the interim answers are %v, not %v", interim, c.Interim)
	}
}

func (r Report) fields(m *misses) {
	if len(r.Case.Sees) > 0 && len(r.seen) == 0 {
		m.add("the backend got nothing")
	}
	if len(r.seen) > 0 {
		check(m, "at the backend", r.seen[0], r.Case.Sees)
	}
	if len(r.Answers) > 0 {
		check(m, "at the client", r.Answers[0], r.Case.Gets)
	}
	for _, i := range r.Interim {
		var absent []string
		for _, want := range r.Case.Gets {
			if want[0] == '!' {
				absent = append(absent, want)
			}
		}
		check(m, "in an interim answer", i, absent)
	}
}

func check(m *misses, where string, got Message, wants []string) {
	for _, want := range wants {
		fields := got.Head
		if name, absent := strings.CutPrefix(want, "!"); absent {
			fields = append(slices.Clone(fields), got.Trailers...)
			if like := fields.Like(name); len(like) > 0 {
				value, _ := fields.Get(like[0])
				m.add("%s is %s: %s", where, like[0], short(value))
			}
			continue
		}
		if want[0] == '+' {
			fields = got.Trailers
		}
		name, value, _ := strings.Cut(strings.TrimLeft(want, "?+"), ": ")
		if got, there := fields.Get(name); got != value && (there || want[0] != '?') {
			m.add("%s %s is %s, not %s", where, name, short(got), short(value))
		}
	}
}

// problems looks that a refusal is told as one of ours.
func (r Report) problems(m *misses) {
	if !r.Case.refuses() || len(r.Answers) == 0 || r.Answers[0].Status() == 417 || r.Case.Stream != nil {
		return
	}
	if kind, _ := r.Answers[0].Head.Get("Content-Type"); kind != "application/problem+json" {
		m.add("the refusal is told as %q", kind)
	}
}

func (r Report) withProbe(wants []string, more string) []string {
	if r.Case.Keeps && !r.Case.Half {
		wants = append(slices.Clone(wants), more)
	}
	return wants
}

func (r Report) statuses() (all []string) {
	for _, a := range r.Answers {
		_, rest, _ := strings.Cut(a.Line, " ")
		code, _, _ := strings.Cut(rest, " ")
		all = append(all, code)
	}
	return all
}

// requests returns what the backend got, without repetitions where the case
// allows them.
func (r Report) requests() (all []string) {
	for _, m := range r.seen {
		if s := m.String(); !r.Case.Again || len(all) == 0 || all[len(all)-1] != s {
			all = append(all, s)
		}
	}
	return all
}

func (r Report) body() string {
	if len(r.Answers) == 0 {
		return ""
	}
	return r.Answers[0].Body
}

// oneOf tells whether a status is among those that are wanted, or may be.
func oneOf(got, want string) bool {
	return slices.Contains(strings.FieldsFunc(want, func(r rune) bool { return r == '|' || r == '~' }), got)
}
