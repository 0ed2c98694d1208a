package redact

import (
	"net/url"
	"strings"
)

// AppendQuery appends a raw query, the values of sensitive parameters and
// values that look like secrets replaced: at most max bytes. What cannot be
// decoded is replaced too.
func (r *Rules) AppendQuery(dst []byte, raw string, max int) []byte {
	start := len(dst)
	for raw != "" && len(dst)-start < max {
		end := until(raw, "&;")
		dst = r.appendParameter(dst, raw[:end])
		if raw = raw[end:]; raw != "" {
			dst, raw = append(dst, raw[0]), raw[1:]
		}
	}
	return cut(dst, start, max)
}

func (r *Rules) appendParameter(dst []byte, parameter string) []byte {
	name, value, found := strings.Cut(parameter, "=")
	if !found {
		if r.hidden("", name) {
			return append(dst, Mask...)
		}
		return append(dst, name...)
	}
	if r.hidden("", name) {
		name = Mask
	}
	dst = append(append(dst, name...), '=')
	if r.hidden(name, value) {
		return append(dst, Mask...)
	}
	return append(dst, value...)
}

// hidden reports whether the value of the parameter, both still encoded, is
// not to be shown.
func (r *Rules) hidden(name, value string) bool {
	if value == "" {
		return false
	}
	name, nameOK := decoded(name)
	value, valueOK := decoded(value)
	return !nameOK || !valueOK || name == Mask || r.Sensitive(name) || !r.Clean(value)
}

func decoded(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, true
	}
	d, err := url.QueryUnescape(s)
	return d, err == nil
}
