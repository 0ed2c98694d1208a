package jwt

import "errors"

// A path leads to a claim: the names of members, from the outside in.
type path []string

var errPath = errors.New("want names separated by dots, with a backslash before a dot or a backslash within a name")

// parsePath takes a path apart; nil for "".
func parsePath(s string) (path, error) {
	if s == "" {
		return nil, nil
	}
	var p path
	var name []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '.':
			if len(name) == 0 {
				return nil, errPath
			}
			p, name = append(p, string(name)), nil
		case c == '\\':
			if i++; i == len(s) || s[i] != '.' && s[i] != '\\' {
				return nil, errPath
			}
			name = append(name, s[i])
		default:
			name = append(name, c)
		}
	}
	if len(name) == 0 {
		return nil, errPath
	}
	return append(p, string(name)), nil
}

// in returns the value that p leads to.
func (p path) in(claims map[string]any) (value any, ok bool) {
	for i, name := range p {
		if value, ok = claims[name]; !ok {
			return nil, false
		}
		if i == len(p)-1 {
			return value, true
		}
		if claims, ok = value.(map[string]any); !ok {
			return nil, false
		}
	}
	return nil, false
}
