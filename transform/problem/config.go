package problem

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/internal/field"
)

// A Config holds the settings of the policy problems.
type Config struct {
	// Statuses lists the statuses whose answers are turned into problems: codes
	// from 400 to 599, and the classes 4xx and 5xx. Default: both classes.
	Statuses []Status `json:"statuses,omitempty"`
	// Keep lists the media types of answers that are left alone, without
	// parameters, in place of the default application/problem+json. An empty list
	// keeps none.
	Keep []string `json:"keep,omitzero"`
	// Fields lists further fields of the backend's answer that the problem keeps,
	// beside Allow, Retry-After and WWW-Authenticate. Fields that describe the
	// body or its keeping cannot be kept. Default: none.
	Fields []string `json:"fields,omitempty"`
	// Detail is the path of a text in the backend's JSON body that becomes the
	// detail of the problem: names and indices with dots between
	// ("error.message", "errors.0.title"), of letters, digits, - and _, at most 8
	// of them. Of the text 256 bytes are taken; one with control characters is
	// not. Default: none, so that nothing of the body is passed on.
	Detail string `json:"detail,omitempty"`
}

// A Status is a code such as 404, or a class: 4xx or 5xx.
type Status string

// UnmarshalJSON reads a number or a text.
func (s *Status) UnmarshalJSON(raw []byte) error {
	text := string(raw)
	if quoted, ok := strings.CutPrefix(text, `"`); ok {
		text = strings.TrimSuffix(quoted, `"`)
	}
	*s = Status(text)
	_, _, err := s.span()
	return err
}

// span returns the first and the last code of s.
func (s Status) span() (first, last int, err error) {
	switch s {
	case "4xx":
		return 400, 499, nil
	case "5xx":
		return 500, 599, nil
	}
	code, err := strconv.Atoi(string(s))
	if err != nil || len(s) != 3 || code < 400 || code > 599 {
		return 0, 0, fmt.Errorf("want a status from 400 to 599, 4xx or 5xx, not %q", string(s))
	}
	return code, code, nil
}

// Bounds of the path of Detail.
const (
	maxSteps = 8
	maxPath  = 256
)

// Validate reports what is wrong with c.
func (c Config) Validate() error {
	var faults registry.Faults
	for i, s := range c.Statuses {
		if _, _, err := s.span(); err != nil {
			faults.Add(fmt.Sprintf("/statuses/%d", i), "%w", err)
		}
	}
	for i, k := range c.Keep {
		if t, params, err := mime.ParseMediaType(k); err != nil || len(params) > 0 || !strings.Contains(t, "/") || strings.Contains(t, "*") {
			faults.Add(fmt.Sprintf("/keep/%d", i), "want a media type such as application/problem+json, not %q", k)
		}
	}
	seen := map[string]bool{}
	for i, name := range c.Fields {
		if err := keepable(name, seen); err != nil {
			faults.Add(fmt.Sprintf("/fields/%d", i), "%w", err)
		}
	}
	if c.Detail != "" && !validPath(c.Detail) {
		faults.Add("/detail", "want a path of at most %d names such as error.message, not %q", maxSteps, c.Detail)
	}
	return faults.Err()
}

// keepable tells why a problem cannot keep a field of the answer it replaces.
func keepable(name string, seen map[string]bool) error {
	if err := field.Editable(name); err != nil {
		return err
	}
	name = http.CanonicalHeaderKey(name)
	switch name {
	case "Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Content-Disposition",
		"Content-Digest", "Content-Md5", "Digest", "Repr-Digest", "Etag", "Last-Modified", "Accept-Ranges":
		return fmt.Errorf("%s describes the body, which is dropped", name)
	case "Cache-Control", "Expires", "Pragma", "Age", "X-Content-Type-Options",
		"Grpc-Status", "Grpc-Message", "Grpc-Status-Details-Bin":
		return fmt.Errorf("%s is said by the problem itself", name)
	}
	if seen[name] {
		return fmt.Errorf("%s is listed twice", name)
	}
	seen[name] = true
	if slices.Contains(always(), name) {
		return errors.New(name + " is kept as it is")
	}
	return nil
}

// always are the fields that every problem keeps: they tell the client what to
// do next.
func always() []string { return []string{"Allow", "Retry-After", "Www-Authenticate"} }

// validPath accepts plain names and indices alone: what else the language of
// paths has (queries, modifiers, wildcards) is not wanted here.
func validPath(path string) bool {
	steps := strings.Split(path, ".")
	return len(path) <= maxPath && len(steps) <= maxSteps && !slices.ContainsFunc(steps, func(s string) bool {
		return s == "" || strings.ContainsFunc(s, notInName)
	})
}

func notInName(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_':
		return false
	}
	return true
}
