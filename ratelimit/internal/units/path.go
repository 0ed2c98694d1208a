package units

import (
	"errors"
	"strings"
)

const (
	// MaxPaths bounds the paths that are looked for at once.
	MaxPaths = 8
	maxNames = 16 // of one path
	maxName  = 64 // bytes of one name
)

var errPath = errors.New("want names of letters, digits, _ and - with dots between, such as usage.total_tokens")

// A Path is the names of members on the way to a number.
type Path []string

// ParsePath reads names with dots between.
func ParsePath(s string) (Path, error) {
	names := strings.Split(s, ".")
	if len(names) > maxNames {
		return nil, errPath
	}
	for _, name := range names {
		if name == "" || len(name) > maxName || strings.ContainsFunc(name, notInName) {
			return nil, errPath
		}
	}
	return names, nil
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
}
