package standard_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/seed-f9645bd3/gateway"

// docs reads what the comments of the source say of types and their fields.
type docs struct {
	t        *testing.T
	packages map[string]map[string]typeDoc // by import path, by type
}

type typeDoc struct {
	text   string
	fields map[string]string
}

func (d *docs) of(t reflect.Type) typeDoc {
	path := t.PkgPath()
	if d.packages[path] == nil {
		d.packages[path] = d.read(path)
	}
	return d.packages[path][t.Name()]
}

func (d *docs) read(path string) map[string]typeDoc {
	all := map[string]typeDoc{}
	folder := filepath.Join("..", filepath.FromSlash(strings.TrimPrefix(strings.TrimPrefix(path, module), "/")))
	entries, err := fs.Glob(os.DirFS(folder), "*.go")
	require.NoError(d.t, err)
	for _, name := range entries {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, name), nil, parser.ParseComments)
		require.NoError(d.t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if decl, ok := n.(*ast.GenDecl); ok {
				collect(all, decl)
			}
			return true
		})
	}
	return all
}

func collect(all map[string]typeDoc, decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		ts, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		doc := typeDoc{text: text(ts.Doc, decl.Doc), fields: map[string]string{}}
		if st, ok := ts.Type.(*ast.StructType); ok {
			for _, f := range st.Fields.List {
				for _, name := range f.Names {
					doc.fields[name.Name] = text(f.Doc, f.Comment)
				}
			}
		}
		all[ts.Name.Name] = doc
	}
}

func text(groups ...*ast.CommentGroup) string {
	for _, g := range groups {
		if g != nil && strings.TrimSpace(g.Text()) != "" {
			return strings.Join(strings.Fields(g.Text()), " ")
		}
	}
	return ""
}

// A page writes the reference of types, each once.
type page struct {
	strings.Builder
	docs *docs
	seen map[reflect.Type]bool
}

// table writes the fields of a struct, and after them the structs that they
// hold.
func (p *page) table(t reflect.Type) {
	p.seen[t] = true
	rows, nested := p.rows(t)
	if len(rows) == 0 {
		p.WriteString("No settings.\n\n")
	} else {
		p.WriteString("| setting | form | meaning |\n|---|---|---|\n" + strings.Join(rows, "") + "\n")
	}
	for _, n := range nested {
		if !p.seen[n] {
			fmt.Fprintf(p, "**%s**: %s\n\n", n.Name(), p.docs.of(n).text)
			p.table(n)
		}
	}
}

func (p *page) rows(t reflect.Type) (rows []string, nested []reflect.Type) {
	doc := p.docs.of(t)
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			more, deeper := p.rows(f.Type)
			rows, nested = append(rows, more...), append(nested, deeper...)
			continue
		}
		if !f.IsExported() || name == "-" {
			continue
		}
		form, inner := form(f.Type)
		if inner != nil {
			nested = append(nested, inner)
		}
		meaning := strings.ReplaceAll(doc.fields[f.Name], "|", "\\|")
		require.NotEmpty(p.docs.t, doc.text, "type %v has no comment", t)
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |\n", name, form, meaning))
	}
	return rows, nested
}

// form says how a value of the type is written, and which struct it holds.
func form(t reflect.Type) (string, reflect.Type) {
	switch t.String() {
	case "registry.Duration":
		return "duration, `1m30s`", nil
	case "registry.Rate":
		return "rate, `100/s`", nil
	case "registry.Size":
		return "size, `10MiB`", nil
	case "registry.Secret":
		return "`{env: NAME}` or `{file: PATH}`", nil
	case "registry.Policy":
		return "kind, or `{kind: settings}`", nil
	case "time.Time":
		return "time, RFC 3339", nil
	case "netip.Prefix":
		return "network, `10.0.0.0/8`", nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return form(t.Elem())
	case reflect.Slice:
		of, inner := form(t.Elem())
		return "list of " + of, inner
	case reflect.Map:
		of, inner := form(t.Elem())
		return "object of " + of, inner
	case reflect.Struct:
		return t.Name(), t
	case reflect.Bool:
		return "true or false", nil
	case reflect.Float64:
		return "number", nil
	case reflect.String:
		return "text", nil
	case reflect.Int, reflect.Int64, reflect.Uint16, reflect.Int32:
		return "whole number", nil
	}
	return t.String(), nil
}
