package units

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// The reference reads a whole body at once, by other means than a Counter.

type outcome struct {
	events int64
	stated map[int]int64 // by path
}

var whole = regexp.MustCompile(`^[0-9]{1,18}$`)

func reference(form Form, body []byte, paths []Path) outcome {
	out := outcome{stated: map[int]int64{}}
	switch form {
	case Events:
		events, rest := eventsOf(string(body))
		for _, data := range events {
			out.events++
			out.document([]byte(data), paths)
		}
		out.document([]byte(rest), paths) // a number counts where it stands
	case Lines:
		for line := range bytes.SplitSeq(body, []byte{'\n'}) {
			if len(bytes.Trim(line, " \t\r")) > 0 {
				out.events++
				out.document(line, paths)
			}
		}
	default:
		if len(body) > 0 {
			out.events = 1
		}
		if form == Whole {
			out.document(body, paths)
		}
	}
	return out
}

// eventsOf returns the data of each event, and of the one that is cut off.
func eventsOf(s string) (events []string, rest string) {
	s = strings.TrimPrefix(s, byteOrderMark)
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(s, "\n")
	var data []string
	for _, line := range lines[:len(lines)-1] { // the last one has no end
		name, value, _ := strings.Cut(line, ":")
		switch {
		case line == "":
			if len(data) > 0 {
				events = append(events, strings.Join(data, "\n"))
			}
			data = nil
		case name == "data":
			data = append(data, strings.TrimPrefix(value, " "))
		}
	}
	return events, strings.Join(data, "\n") + "\n"
}

// document takes what a document states that is whole; of others the
// reference knows nothing.
func (o *outcome) document(b []byte, paths []Path) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if !json.Valid(b) {
		return
	}
	first, err := d.Token()
	switch {
	case err != nil:
	case first == json.Delim('['):
		for d.More() {
			if t, err := d.Token(); err == nil {
				o.value(d, t, nil, true, paths)
			}
		}
	default:
		o.value(d, first, nil, true, paths)
	}
}

// value reads one value. keyed is whether only objects lead to it.
func (o *outcome) value(d *json.Decoder, t json.Token, at []string, keyed bool, paths []Path) {
	switch t := t.(type) {
	case json.Number:
		for p, path := range paths {
			if keyed && strings.Join(path, ".") == strings.Join(at, ".") && len(path) == len(at) && whole.MatchString(t.String()) {
				o.stated[p], _ = t.Int64()
			}
		}
	case json.Delim:
		for d.More() {
			name, _ := d.Token()
			if t == '[' {
				o.value(d, name, at, false, paths)
				continue
			}
			value, _ := d.Token()
			o.value(d, value, append(at[:len(at):len(at)], name.(string)), keyed, paths)
		}
		_, _ = d.Token()
	}
}
