package gateway_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sensitive are names whose values a comparison must not tell the timing of,
// and harmless are those that only sound so: they name a thing, and are told to
// whoever asks.
var (
	sensitive = regexp.MustCompile(`(?i)(secret|passw(or)?d|passphrase|credential|hmac|^mac$|apikey|signature|^sig$|^token$|bearer|privatekey)`)
	harmless  = regexp.MustCompile(`(?i)(id|name|names|kind|type|field|header|param|scheme|path|file|url|source|code|length|len|max|min|size|count|algorithm|alg|err|error|expires|ttl)$`)
)

// excused are the places where a name sounds so and holds no secret.
func excused() map[string]string {
	return map[string]string{
		"authn/internal/jose/key.go: secret":    "names of members of a key that are not to be there",
		"pipeline/listen/proxy.go: signatureV2": "the magic number of the PROXY protocol",
		"registry/file/locate.go: token":        "a token of YAML",
	}
}

// TestSecretsAreComparedInConstantTime holds the code of the module to comparing
// what is named like a secret by crypto/subtle or hmac.Equal, and to looking no
// map up by it. It goes by names, as it knows no types.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	t.Parallel()
	files, innocent, met := 0, excused(), map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, l := range leaks(file) {
			place := filepath.ToSlash(path) + ": " + l.name
			if met[place] = true; innocent[place] == "" {
				t.Errorf("%s: %s %s; want hmac.Equal or subtle.ConstantTimeCompare", set.Position(l.pos), l.name, l.what)
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, files, 200, "the walk sees the module")
	for place := range innocent {
		require.True(t, met[place], "%s is there no more", place)
	}
}

// A leak is a comparison whose timing tells of a secret.
type leak struct {
	pos        token.Pos
	name, what string
}

// leaks returns those of a file.
func leaks(file *ast.File) (found []leak) {
	report := func(n ast.Node, name, what string) { found = append(found, leak{n.Pos(), name, what}) }
	maps := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool { // names that are maps by string or bytes, as far as this file says
		if m, ok := n.(*ast.Field); ok {
			if _, isMap := m.Type.(*ast.MapType); isMap {
				for _, name := range m.Names {
					maps[name.Name] = true
				}
			}
		}
		return true
	})
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if (n.Op == token.EQL || n.Op == token.NEQ) && !constant(n.X) && !constant(n.Y) {
				if name := secretName(n.X, n.Y); name != "" {
					report(n, name, "is compared by "+n.Op.String())
				}
			}
		case *ast.CallExpr:
			if is(n.Fun, "bytes.Equal", "bytes.Compare", "strings.Compare", "strings.EqualFold", "slices.Equal", "slices.Contains", "reflect.DeepEqual", "cmp.Compare") {
				if name := secretName(n.Args...); name != "" {
					report(n, name, "is compared by "+call(n.Fun))
				}
			}
		case *ast.SwitchStmt:
			if name := secretName(n.Tag); n.Tag != nil && name != "" && !constantCases(n) {
				report(n, name, "is switched on")
			}
		case *ast.IndexExpr:
			if name := secretName(n.Index); name != "" && maps[named(n.X)] {
				report(n, name, "is looked up in a map")
			}
		}
		return true
	})
	return found
}

// constant reports whether an operand is the same for everybody: a literal,
// nil, a constant, a length.
func constant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return e.Name == "nil" || e.Name == "true" || e.Name == "false"
	case *ast.CallExpr:
		return is(e.Fun, "len", "cap")
	case *ast.CompositeLit:
		return len(e.Elts) == 0
	case *ast.ParenExpr:
		return constant(e.X)
	}
	return false
}

// constantCases reports whether a switch compares with nothing secret.
func constantCases(s *ast.SwitchStmt) bool {
	for _, stmt := range s.Body.List {
		for _, e := range stmt.(*ast.CaseClause).List {
			if !constant(e) {
				return false
			}
		}
	}
	return true
}

func secretName(of ...ast.Expr) string {
	for _, e := range of {
		if name := named(e); sensitive.MatchString(name) && !harmless.MatchString(name) {
			return name
		}
	}
	return ""
}

// named is the name of a variable or field, whatever it is converted to or cut
// from.
func named(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.ParenExpr:
		return named(e.X)
	case *ast.StarExpr:
		return named(e.X)
	case *ast.SliceExpr:
		return named(e.X)
	case *ast.IndexExpr:
		return named(e.X)
	case *ast.CallExpr: // string(secret), hex.EncodeToString(mac), h.Sum(nil)
		if len(e.Args) == 1 && !is(e.Fun, "len", "cap") {
			return named(e.Args[0])
		}
	}
	return ""
}

func is(f ast.Expr, names ...string) bool {
	for _, name := range names {
		if call(f) == name {
			return true
		}
	}
	return false
}

func call(f ast.Expr) string {
	switch f := f.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
	}
	return ""
}

func TestAComparisonOfSecretsIsSeen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, code string
		seen       bool
	}{
		{"two strings", `return secret == given`, true},
		{"the other way round", `return given != c.Password`, true},
		{"converted ones", `return string(hmacSum) == given`, true},
		{"bytes", `return bytes.Equal(mac, given)`, true},
		{"some of the bytes", `return bytes.Equal(signature[:8], given)`, true},
		{"without case", `return strings.EqualFold(token, given)`, true},
		{"a switch", `switch token { case given: return true }; return false`, true},
		{"a map", `return m[apiKey]`, true},
		{"in constant time", `return hmac.Equal(mac, given)`, false},
		{"with nothing", `return secret == ""`, false},
		{"with no bytes", `return signature != nil`, false},
		{"of lengths", `return len(secret) == len(given)`, false},
		{"of names", `return tokenName == given`, false},
		{"of a map by something else", `return m[name]`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, "x.go", "package x\nfunc f(m map[string]bool) bool {\n"+tt.code+"\n}\n", 0)
			require.NoError(t, err)
			require.Equal(t, tt.seen, len(leaks(file)) == 1, "%v", leaks(file))
		})
	}
}
