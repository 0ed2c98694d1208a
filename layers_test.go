package gateway_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/seed-f9645bd3/gateway"

// fxPath is the one third-party module that the root package may import.
const fxPath = "go.uber.org/fx"

// level is the floor that a package of the module stands on; an import may only
// go down, and siblings of one floor do not meet. Leaves of the level-2 folders
// and the adapters of registry stand on floor 4.
func level(path string) int {
	rel := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
	switch top, rest, nested := strings.Cut(rel, "/"); {
	case rel == "":
		return 3
	case rel == "registry":
		return 0
	case rel == "registry/directory": // standard library and registry only
		return 0
	case top == "pipeline":
		return 1
	case top == "examples": // a module of its own
		return 6
	case top == "gatewaytest":
		return 5
	case top == "standard":
		return 5
	case top == "admin":
		return 3
	case top == "registry":
		return 4
	case rel == "observability/redact": // what all recorders of the folder stand on
		return 2
	case nested && rest != "":
		return 4
	default:
		return 2
	}
}

type pkg struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func list(t *testing.T, patterns ...string) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Imports,Standard"}, patterns...)...).Output()
	require.NoError(t, err)
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, p)
	}
}

func TestImportsOnlyGoDown(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, module+"/...") {
		for _, imported := range p.Imports {
			switch {
			case own(imported):
				require.True(t, mayImport(p.ImportPath, imported), "%s imports %s, which is not below it", p.ImportPath, imported)
			case strings.Contains(strings.Split(imported, "/")[0], "."):
				require.True(t, mayUse(p.ImportPath, imported), "%s imports %s, which belongs in a leaf", p.ImportPath, imported)
			}
		}
	}
}

func own(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

func mayImport(from, to string) bool {
	a, b := level(from), level(to)
	switch {
	case strings.Contains(to, "/internal/"):
		return true // the go command keeps those to their folder
	case from == module+"/registry":
		return false
	case a == 1 && b == 1: // pipeline's own packages stand on pipeline
		return to == module+"/pipeline"
	case a == 4 && b == 4: // a leaf may import the leaf that it is a part of
		return strings.HasPrefix(from, to+"/")
	case a == 4 && b == 2: // its parent, never an uncle
		return strings.HasPrefix(from, strings.TrimSuffix(to+"/", "redact/"))
	case from == module+"/registry/directory":
		return to == module+"/registry"
	case a == 5 && b == 5:
		return from == module+"/gatewaytest"
	case a == 6: // examples stand on everything
		return true
	}
	return b < a
}

// mayUse tells whether a package may import one of a third party: leaves may,
// resilience stands on failsafe, and module.go on fx.
func mayUse(from, to string) bool {
	switch {
	case from == module:
		return strings.HasPrefix(to, fxPath)
	case from == module+"/resilience":
		return strings.HasPrefix(to, "github.com/failsafe-go/failsafe-go")
	}
	if from == module+"/gatewaytest" { // what users test with forces nothing on them
		return false
	}
	return level(from) >= 4
}

func TestRegistryStandsOnTheStandardLibraryAlone(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "-deps", module+"/registry", module+"/registry/directory") {
		require.True(t, p.Standard || own(p.ImportPath), "registry links %s", p.ImportPath)
	}
}
