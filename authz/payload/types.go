package payload

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

type format uint8

// What a body is taken for.
const (
	unchecked format = iota
	formatJSON
	formatXML
)

// A pattern takes media types: one, or all of a main type ("text/*"), or those
// with a suffix ("application/*+json").
type pattern struct {
	prefix, suffix string
	wild           bool
}

func parsePattern(s string) (pattern, error) {
	prefix, suffix, wild := strings.Cut(s, "*")
	plain := prefix + suffix
	if wild {
		plain = prefix + "x" + suffix
	}
	t, params, err := mime.ParseMediaType(plain)
	if err != nil || t != plain || len(params) > 0 || !strings.Contains(plain, "/") || strings.Contains(plain, "*") ||
		wild && !strings.HasSuffix(prefix, "/") {
		return pattern{}, fmt.Errorf("want a media type in lower case such as application/json or application/*+json, not %q", s)
	}
	return pattern{prefix, suffix, wild}, nil
}

func (p pattern) takes(t string) bool {
	if !p.wild {
		return t == p.prefix
	}
	return len(t) >= len(p.prefix)+len(p.suffix) && strings.HasPrefix(t, p.prefix) && strings.HasSuffix(t, p.suffix)
}

// types is ContentTypes in force.
type types struct {
	json, xml []pattern
	other     bool // refused
	untyped   string
	encoded   bool // passes
}

func newTypes(c ContentTypes) (types, error) {
	t := types{other: c.Other == "refuse", untyped: c.Untyped, encoded: c.Encoded == "pass"}
	var err error
	if t.json, err = patterns(c.JSON, "application/json", "application/*+json", "text/json"); err != nil {
		return t, err
	}
	t.xml, err = patterns(c.XML, "application/xml", "application/*+xml", "text/xml")
	return t, err
}

func patterns(list []string, defaults ...string) ([]pattern, error) {
	if len(list) == 0 {
		list = defaults
	}
	ps := make([]pattern, len(list))
	for i, s := range list {
		var err error
		if ps[i], err = parsePattern(s); err != nil {
			return nil, err
		}
	}
	return ps, nil
}

func (t *types) of(mediaType string) format {
	for _, p := range t.json {
		if p.takes(mediaType) {
			return formatJSON
		}
	}
	for _, p := range t.xml {
		if p.takes(mediaType) {
			return formatXML
		}
	}
	return unchecked
}

// A refusal is why a body is not even looked at.
type refusal struct {
	rule    string
	problem *pipeline.Problem
}

func refuseType(detail string) *refusal {
	return &refusal{"content_type", pipeline.Refuse(http.StatusUnsupportedMediaType, CodeTypeRefused, detail)}
}

// judge tells what the body of a request with these fields is taken for.
func (t *types) judge(h http.Header) (format, *refusal) {
	f, r := t.typed(h["Content-Type"])
	if f == unchecked || r != nil || identity(h["Content-Encoding"]) {
		return f, r
	}
	if t.encoded {
		return unchecked, nil
	}
	p := pipeline.Refuse(http.StatusUnsupportedMediaType, CodeEncodingRefused, "A compressed body is not taken here.").
		With("Accept-Encoding", "identity") // RFC 9110 section 12.5.3
	return f, &refusal{"content_encoding", p}
}

func (t *types) typed(values []string) (format, *refusal) {
	if len(values) == 0 || len(values) == 1 && values[0] == "" {
		return t.without()
	}
	if len(values) > 1 {
		return unchecked, refuseType("The body has more than one content type.")
	}
	mediaType, params, _ := strings.Cut(values[0], ";")
	f := t.of(lower(strings.Trim(mediaType, " \t")))
	switch {
	case f == unchecked && t.other:
		return f, refuseType("A body of this content type is not taken here.")
	case f == unchecked || params == "" || usual(params):
		return f, nil
	}
	return f, charset(values[0])
}

func (t *types) without() (format, *refusal) {
	switch t.untyped {
	case "pass":
		return unchecked, nil
	case "json":
		return formatJSON, nil
	case "xml":
		return formatXML, nil
	}
	return unchecked, refuseType("A body without a content type is not taken here.")
}

// usual reports whether the parameters are the ones that most clients send.
func usual(params string) bool {
	p := strings.Trim(params, " \t")
	return strings.EqualFold(p, "charset=utf-8") || strings.EqualFold(p, `charset="utf-8"`)
}

// charset refuses every character set that is not UTF-8, and parameters that
// cannot be read.
func charset(contentType string) *refusal {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return refuseType("The content type cannot be read.")
	}
	if set, ok := params["charset"]; ok && !strings.EqualFold(set, "utf-8") {
		return &refusal{"charset", pipeline.Refuse(http.StatusUnsupportedMediaType, CodeCharsetRefused, "Want UTF-8.")}
	}
	return nil
}

func identity(codings []string) bool {
	for _, list := range codings {
		for coding := range strings.SplitSeq(list, ",") {
			if c := strings.Trim(coding, " \t"); c != "" && !strings.EqualFold(c, "identity") {
				return false
			}
		}
	}
	return true
}

// lower is strings.ToLower for what is mostly in lower case.
func lower(s string) string {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			return strings.ToLower(s)
		}
	}
	return s
}
