package payload

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A Fault is what is wrong with a body, and where. It repeats nothing of the
// body.
type Fault struct {
	Rule   string // that was broken: "json.depth"
	Code   string
	Offset int64 // of the byte, counted from 0
	Reason string
}

// Error returns rule, place and reason.
func (f *Fault) Error() string {
	return fmt.Sprintf("%s at byte %d: %s", f.Rule, f.Offset, f.Reason)
}

// problem is the fault as the caller sees it.
func (f *Fault) problem() *pipeline.Problem {
	format, _, _ := strings.Cut(f.Rule, ".")
	detail := fmt.Sprintf("The %s of the request is refused at byte %d by the rule %s: %s.",
		strings.ToUpper(format), f.Offset, f.Rule, f.Reason)
	return pipeline.Refuse(statusOf(f.Code), f.Code, detail).Because(f)
}

func statusOf(code string) int {
	switch code {
	case CodeMalformed:
		return http.StatusBadRequest
	case CodeTooMany, CodeTooLong:
		return http.StatusRequestEntityTooLarge
	case CodeTypeRefused, CodeCharsetRefused, CodeEncodingRefused:
		return http.StatusUnsupportedMediaType
	}
	return http.StatusUnprocessableEntity
}

// faulty is what a scanner has found wrong; the first fault counts.
type faulty struct {
	offset int64 // of the present piece in all that was read
	fault  *Fault
}

// fail notes the fault at byte i of the piece and returns i.
func (f *faulty) fail(i int, rule, code, reason string) int {
	if f.fault == nil {
		f.fault = &Fault{Rule: rule, Code: code, Offset: f.offset + int64(i), Reason: reason}
	}
	return i
}

// failAt is fail for a place that may lie in an earlier piece; i is where the
// scanner stands.
func (f *faulty) failAt(i int, at int64, rule, code, reason string) int {
	f.fail(int(at-f.offset), rule, code, reason)
	return i
}
