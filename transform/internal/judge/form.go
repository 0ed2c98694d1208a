package judge

import (
	"net/http"
	"strings"

	"github.com/seed-f9645bd3/gateway/transform/internal/jsonstream"
)

// A form is what an answer is to be read as.
type form uint8

const (
	other   form = iota // no JSON by its type
	refused             // JSON perhaps, in a form that cannot be judged
	document
	lines
)

func (f form) stream() jsonstream.Form {
	if f == lines {
		return jsonstream.Lines
	}
	return jsonstream.One
}

func formOf(resp *http.Response) form {
	types := resp.Header["Content-Type"]
	if resp.StatusCode == http.StatusPartialContent || len(resp.Header["Content-Range"]) > 0 || len(types) > 1 {
		return refused
	}
	if len(types) == 0 {
		return other
	}
	f := typeForm(types[0])
	if f != other && encoded(resp.Header) {
		return refused
	}
	return f
}

func encoded(h http.Header) bool {
	for _, v := range h["Content-Encoding"] {
		if v != "" && !strings.EqualFold(v, "identity") {
			return true
		}
	}
	return false
}

// typeForm reads a Content-Type. JSON is UTF-8 (RFC 8259 section 8.1): where
// another charset is declared, who believes it reads another document.
func typeForm(contentType string) form {
	t, params, _ := strings.Cut(contentType, ";")
	f := other
	switch t = strings.TrimSpace(t); {
	case strings.EqualFold(t, "application/json"), strings.EqualFold(t, "text/json"), suffixed(t, "+json"):
		f = document // those that clients take for JSON (WHATWG MIME Sniffing section 4.6)
	case strings.Contains(t, ","):
		return refused // two types that somebody has joined
	case strings.EqualFold(t, "application/x-ndjson"), strings.EqualFold(t, "application/ndjson"),
		strings.EqualFold(t, "application/jsonl"), strings.EqualFold(t, "application/x-jsonlines"):
		f = lines
	}
	if f != other && !unicode(params) {
		return refused
	}
	return f
}

func suffixed(t, suffix string) bool {
	return len(t) > len(suffix) && strings.EqualFold(t[len(t)-len(suffix):], suffix)
}

// unicode reports whether no parameter declares a charset but UTF-8 or its part.
func unicode(params string) bool {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if name = strings.TrimSpace(name); len(name) < len("charset") || !strings.EqualFold(name[:len("charset")], "charset") {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), `"`)
		if !strings.EqualFold(value, "utf-8") && !strings.EqualFold(value, "us-ascii") {
			return false
		}
	}
	return true
}
