package edge

import (
	"net/http"
	"slices"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A fate is what becomes of one request field.
type fate uint8

const (
	stays fate = iota
	goes
	refused
)

// A cleaner judges the fields of one request.
type cleaner struct {
	fields     *fields
	trusted    bool     // the peer's forwarding fields count
	oneAccount bool     // Forwarded does not
	named      []string // by Connection
}

// fate judges a field by its canonical name.
func (c *cleaner) fate(name string) fate {
	switch {
	case !token(name):
		return refused
	case strings.IndexByte(name, '_') >= 0:
		if c.fields.dropUnderscore {
			return goes
		}
		return refused
	case hopByHop(name), overriding(name), name == "Host", c.fields.identity(name):
		return goes
	case forwarding(name) && !c.trusted, c.oneAccount && name == "Forwarded", slices.Contains(c.named, name):
		return goes
	}
	return stays
}

// clean returns the fields that travel on: h itself where all of them do.
func (c *cleaner) clean(h http.Header) (http.Header, *pipeline.Problem) {
	if len(c.named) > maxNamed { // each field is held to each of them
		return nil, tooManyFields()
	}
	count, size, whole := 0, 0, true
	for name, values := range h {
		canonical := canonicalField(name)
		switch c.fate(canonical) {
		case refused:
			return nil, pipeline.Refuse(http.StatusBadRequest, pipeline.CodeFieldRefused, "The name of a request field is not allowed.")
		case goes:
			whole = whole && onlyTrailers(canonical, values)
		}
		whole = whole && canonical == name
		for _, v := range values {
			if !valid(v) {
				return nil, pipeline.Refuse(http.StatusBadRequest, pipeline.CodeFieldRefused, "A request field holds a control character.")
			}
			size += len(name) + len(v)
		}
		count += len(values)
	}
	switch {
	case count > maxFields:
		return nil, tooManyFields()
	case size > maxHeader:
		return nil, pipeline.Refuse(http.StatusRequestHeaderFieldsTooLarge, CodeFieldsTooLarge, "The request fields are longer than allowed.")
	case whole:
		return h, nil
	}
	return c.copy(h), nil
}

func tooManyFields() *pipeline.Problem {
	return pipeline.Refuse(http.StatusRequestHeaderFieldsTooLarge, CodeTooManyFields, "The request has, or Connection names, more fields than allowed.")
}

func (c *cleaner) copy(h http.Header) http.Header {
	kept := make(http.Header, len(h))
	for name, values := range h {
		canonical := canonicalField(name)
		switch {
		case canonical == "Te" && listed(values, "trailers"):
			kept[canonical] = []string{"trailers"}
		case c.fate(canonical) == goes:
		case kept[canonical] != nil:
			kept[canonical] = slices.Concat(kept[canonical], values)
		default:
			kept[canonical] = values
		}
	}
	return kept
}

// onlyTrailers reports the one hop-by-hop field that travels on as it is.
func onlyTrailers(name string, values []string) bool {
	return name == "Te" && len(values) == 1 && values[0] == "trailers"
}

// trailers returns a map of the announced trailers that may come in, to be
// filled when the body has ended.
func (c *cleaner) trailers(announced http.Header) http.Header {
	if len(announced) == 0 {
		return nil
	}
	kept := make(http.Header, len(announced))
	for name := range announced {
		if name == canonicalField(name) && c.trailer(name) {
			kept[name] = nil
		}
	}
	return kept
}

func (c *cleaner) trailer(name string) bool {
	return !forwarding(name) && !c.fields.protected(name) && c.fate(name) == stays
}

// looped reports whether a request passed the pseudonym before.
func looped(via []string, pseudonym string) bool {
	for _, list := range via {
		for item := range strings.SplitSeq(list, ",") {
			parts := strings.Fields(item)
			if len(parts) > 1 && strings.EqualFold(parts[1], pseudonym) {
				return true
			}
		}
	}
	return false
}
