package units

import "strings"

// A Form is what a body is to be read as.
type Form uint8

// Forms.
const (
	Opaque Form = iota // bytes of which nothing is known
	Whole              // one JSON document
	Lines              // one JSON document a line
	Events             // an event stream
)

// FormOf reads a Content-Type.
func FormOf(contentType string) Form {
	t, _, _ := strings.Cut(contentType, ";")
	switch t = strings.TrimSpace(t); {
	case strings.EqualFold(t, "text/event-stream"):
		return Events
	case strings.EqualFold(t, "application/json"), strings.EqualFold(t, "text/json"), suffixed(t, "+json"):
		return Whole
	case strings.EqualFold(t, "application/x-ndjson"), strings.EqualFold(t, "application/ndjson"),
		strings.EqualFold(t, "application/jsonl"), strings.EqualFold(t, "application/x-jsonlines"):
		return Lines
	}
	return Opaque
}

func suffixed(t, suffix string) bool {
	return len(t) > len(suffix) && strings.EqualFold(t[len(t)-len(suffix):], suffix)
}
