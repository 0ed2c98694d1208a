package registry

import (
	"errors"
	"fmt"
	"strings"
)

// A Pos is a place in a document.
type Pos struct {
	File string
	// Document counts the YAML documents of the file from 0.
	Document int
	// Pointer is the JSON pointer (RFC 6901) of the value within the document.
	Pointer string
	// Line and Column count from 1; 0 is unknown.
	Line, Column int
}

// String returns file:line:column, as far as known.
func (p Pos) String() string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// A Fault is one thing that is wrong with a configuration.
type Fault struct {
	// Route, Upstream and Policy name where it was found, as far as known.
	Route    string
	Upstream string
	Policy   string
	// Field is the JSON pointer of the setting within the thing named above.
	Field string
	Pos   Pos
	// Err says what is wrong and what was expected.
	Err error
}

// Error returns the fault in one line: place, pointer, names, reason.
func (f *Fault) Error() string {
	var parts []string
	add := func(format, s string) {
		if s != "" {
			parts = append(parts, fmt.Sprintf(format, s))
		}
	}
	add("%s", f.Pos.String())
	add("%s", f.Pos.Pointer)
	add("route %q", f.Route)
	add("upstream %q", f.Upstream)
	add("policy %q", f.Policy)
	if f.Pos.Pointer == "" || !strings.HasSuffix(f.Pos.Pointer, f.Field) {
		add("field %s", f.Field)
	}
	add("%s", f.Err.Error())
	return strings.Join(parts, ": ")
}

// Unwrap returns the reason.
func (f *Fault) Unwrap() error { return f.Err }

// Faults is all that is wrong with a configuration. It is an error where it
// is not empty; use Err to hand it on.
type Faults []*Fault

// Error returns the faults, one a line.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns each fault, for errors.As and errors.Is.
func (fs Faults) Unwrap() []error {
	errs := make([]error, len(fs))
	for i, f := range fs {
		errs[i] = f
	}
	return errs
}

// Err returns fs as an error, nil where there are none.
func (fs Faults) Err() error {
	if len(fs) == 0 {
		return nil
	}
	return fs
}

// Add appends a fault of the field, with the reason in the manner of
// fmt.Errorf.
func (fs *Faults) Add(field, format string, args ...any) {
	*fs = append(*fs, &Fault{Field: field, Err: fmt.Errorf(format, args...)})
}

// AsFaults returns err as faults: its own where it has some, one of the empty
// field otherwise, none for nil.
func AsFaults(err error) Faults {
	var fs Faults
	var f *Fault
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fs):
		return fs
	case errors.As(err, &f):
		return Faults{f}
	default:
		return Faults{{Err: err}}
	}
}

// At returns err with pointer put in front of the field of each of its faults:
// for who builds a thing from the settings of a nested one.
func At(pointer string, err error) error {
	in := AsFaults(err)
	out := make(Faults, len(in))
	for i, f := range in {
		moved := *f
		moved.Field = pointer + f.Field
		out[i] = &moved
	}
	return out.Err()
}
