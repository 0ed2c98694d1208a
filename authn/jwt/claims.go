package jwt

import (
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/authn/internal/jose"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A mapping makes an Identity of claims. Of several paths to one thing, the
// first that the token has counts.
type mapping struct {
	subject, consumer, scopes, roles, environment []path
	consumerRequired                              bool
	forwarded                                     bool
}

func newMapping(c Config) (mapping, error) {
	m := mapping{consumerRequired: c.ConsumerClaim != "", forwarded: c.Forward}
	each := [...]struct {
		to     *[]path
		chosen string
		usual  []path
	}{
		{&m.subject, c.SubjectClaim, []path{{"sub"}}},
		{&m.consumer, c.ConsumerClaim, []path{{"client_id"}, {"azp"}}},
		{&m.scopes, c.ScopesClaim, []path{{"scope"}, {"scp"}}},
		{&m.roles, c.RolesClaim, []path{{"roles"}}},
		{&m.environment, c.EnvironmentClaim, nil},
	}
	for _, e := range each {
		p, err := parsePath(e.chosen)
		if err != nil {
			return mapping{}, err
		}
		if *e.to = e.usual; p != nil {
			*e.to = []path{p}
		}
	}
	return m, nil
}

// identity returns who the claims name. A claim of another form than is wanted
// is a fault of the token: whoever reads it elsewhere may see another caller.
func (m *mapping) identity(claims map[string]any, issuer string, expires time.Time) (*pipeline.Identity, error) {
	id := &pipeline.Identity{Issuer: issuer, Scheme: kindName, Claims: claims, Expires: expires, Forwarded: m.forwarded}
	var err error
	if id.Subject, err = oneText(claims, m.subject, true); err != nil {
		return nil, err
	}
	if id.Consumer, err = oneText(claims, m.consumer, m.consumerRequired); err != nil {
		return nil, err
	}
	if id.Environment, err = oneText(claims, m.environment, m.environment != nil); err != nil {
		return nil, err
	}
	if id.Scopes, err = m.scopesOf(claims); err != nil {
		return nil, err
	}
	id.Roles, err = texts(first(claims, m.roles))
	return id, err
}

func first(claims map[string]any, paths []path) any {
	for _, p := range paths {
		if value, ok := p.in(claims); ok {
			return value
		}
	}
	return nil
}

func oneText(claims map[string]any, paths []path, required bool) (string, error) {
	value := first(claims, paths)
	if value == nil && !required {
		return "", nil
	}
	s, ok := value.(string)
	if !ok || s == "" || !printable(s) {
		return "", jose.Fault("a claim that names the caller is missing or no text")
	}
	return s, nil
}

func (m *mapping) scopesOf(claims map[string]any) ([]string, error) {
	value := first(claims, m.scopes)
	if s, ok := value.(string); ok {
		return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), onlyPrintable(s)
	}
	scopes, err := texts(value)
	for _, s := range scopes {
		if strings.Contains(s, " ") {
			return nil, jose.Fault("a scope holds a space")
		}
	}
	return scopes, err
}

// texts returns a value that is a string or a list of strings.
func texts(value any) ([]string, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{value}, onlyPrintable(value)
	case []any:
		return list(value)
	}
	return nil, jose.Fault("a claim is neither a text nor a list of texts")
}

func list(items []any) ([]string, error) {
	all := make([]string, len(items))
	for i, item := range items {
		s, ok := item.(string)
		if !ok || s == "" {
			return nil, jose.Fault("a claim is neither a text nor a list of texts")
		}
		if err := onlyPrintable(s); err != nil {
			return nil, err
		}
		all[i] = s
	}
	return all, nil
}

func onlyPrintable(s string) error {
	if !printable(s) {
		return jose.Fault("a claim holds control characters")
	}
	return nil
}

// printable reports whether s is fit to go into a field of a request.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
