package tracing

import (
	"slices"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A form is a way to write a trace context into fields of a request.
type form uint8

const (
	w3c     form = iota // traceparent and tracestate
	b3                  // the one field b3
	b3Multi             // the fields X-B3-
	jaeger              // uber-trace-id
	formCount
)

// formNames are the forms as settings name them.
func formNames() []string { return []string{"w3c", "b3", "b3_multi", "jaeger"} }

// The fields of the forms, as http.Header spells them.
const (
	fieldParent = "Traceparent"
	fieldState  = "Tracestate"

	fieldB3 = "B3"

	fieldB3Trace   = "X-B3-Traceid"
	fieldB3Span    = "X-B3-Spanid"
	fieldB3Parent  = "X-B3-Parentspanid"
	fieldB3Sampled = "X-B3-Sampled"
	fieldB3Flags   = "X-B3-Flags"

	fieldJaeger = "Uber-Trace-Id"
)

// fields returns the fields of a form.
func (f form) fields() []string {
	switch f {
	case w3c:
		return []string{fieldParent, fieldState}
	case b3:
		return []string{fieldB3}
	case b3Multi:
		return []string{fieldB3Trace, fieldB3Span, fieldB3Parent, fieldB3Sampled, fieldB3Flags}
	default:
		return []string{fieldJaeger}
	}
}

// parse reads the fields of a form. there is false where the caller sent none
// of them.
func (f form) parse(x *pipeline.Exchange) (p parent, there, holds bool) {
	switch f {
	case w3c:
		return parseOne(x.In.Header[fieldParent], parseTraceparent)
	case b3:
		return parseOne(x.In.Header[fieldB3], parseB3)
	case b3Multi:
		return parseB3Multi(x.In.Header)
	default:
		return parseOne(x.In.Header[fieldJaeger], parseJaeger)
	}
}

// A formSet is a set of forms.
type formSet uint8

func (s formSet) has(f form) bool { return s&(1<<f) != 0 }

// formsOf reads names that were validated, in their order.
func formsOf(names []string) []form {
	forms, all := make([]form, 0, formCount), formNames()
	for _, name := range names {
		forms = append(forms, form(slices.Index(all, name)))
	}
	return forms
}

func setOf(forms []form) (s formSet) {
	for _, f := range forms {
		s |= 1 << f
	}
	return s
}

// fieldsOf returns the fields of the forms that pick picks.
func fieldsOf(pick func(form) bool) (fields []string) {
	for f := range formCount {
		if pick(f) {
			fields = append(fields, f.fields()...)
		}
	}
	return fields
}
