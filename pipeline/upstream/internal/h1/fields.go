package h1

import (
	"net/http"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline/internal/field"
)

// maxFields bounds the lines of one head.
const maxFields = 500

// parseFields reads the lines of a head, each ended by CR LF, into one map and
// one array of values. Lines come as they are, without any CR or LF inside.
func parseFields(lines string) (http.Header, error) {
	count := strings.Count(lines, "\n")
	if count > maxFields {
		return nil, MalformedError("too many fields")
	}
	h := make(http.Header, count)
	values := make([]string, 0, count)
	for lines != "" {
		end := strings.IndexByte(lines, '\r')
		name, value, err := parseField(lines[:end])
		if err != nil {
			return nil, err
		}
		lines = lines[end+2:]
		if before := h[name]; before != nil {
			h[name] = append(before, value)
			continue
		}
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return h, nil
}

// parseField reads one line. A line that continues the one before it (RFC 9112
// section 5.2) begins with a space, which no name does.
func parseField(line string) (name, value string, err error) {
	colon := strings.IndexByte(line, ':')
	if colon < 0 {
		return "", "", MalformedError("a field without a colon")
	}
	name, value = line[:colon], trim(line[colon+1:])
	if !isToken(name) {
		return "", "", MalformedError("the name of a field is none")
	}
	if !isText(value) {
		return "", "", MalformedError("a control character in a field")
	}
	return field.Canonical(name), value, nil
}

// lists reports whether a comma-separated field holds the option, in any case.
func lists(values []string, option string) bool {
	for _, v := range values {
		for item := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(trim(item), option) {
				return true
			}
		}
	}
	return false
}
