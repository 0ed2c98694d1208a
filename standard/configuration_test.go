package standard_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/standard"
)

var update = flag.Bool("update", false, "rewrite golden files")

const preface = `# Configuration

This page is made from the Go types and their comments: ` + "`go test ./standard -update`" + ` makes it anew.
How documents are merged and inherited is in [design.md](design.md); a whole document is in the README.

Values are strict: a member that is not listed here, or is written in another case, is a fault that names file, line,
column, JSON pointer and the nearest valid name.

Each policy may also hold ` + "`as: NAME`" + `, which keeps several of one kind apart, and ` + "`off: true`" + `, which removes an inherited one.

Editors that read JSON Schema complete and check what is written: [schema.json](schema.json) is the same content in that
form, made by the same command. With the YAML language server (VS Code, Neovim, Emacs, JetBrains) the first line of a file names it,
by a path relative to that file or by a URL:

` + "```yaml" + `
# yaml-language-server: $schema=../docs/schema.json
schema: gateway/v1
` + "```" + `

` + "`reference schema > schema.json`" + ` writes it as well. A program with kinds of its own makes its schema by ` + "`schema.Of`" + ` of
[pipeline/schema](../pipeline/schema/doc.go). The schema refuses nothing that makes sense to the gateway; what only the gateway can
tell, such as a route to an upstream that there is not, is for ` + "`reference check`" + ` to say.

## The document

`

// TestConfigurationPage holds docs/configuration.md to the types.
func TestConfigurationPage(t *testing.T) {
	t.Parallel()
	p := &page{docs: &docs{t: t, packages: map[string]map[string]typeDoc{}}, seen: map[reflect.Type]bool{}}
	p.WriteString(preface)
	p.table(reflect.TypeFor[registry.Document]())
	made := ""
	for _, k := range standard.All() {
		if title := makes(k); title != made {
			made = title
			fmt.Fprintf(p, "## %s\n\n", title)
		}
		fmt.Fprintf(p, "### `%s`\n\n%s\n\n", k.KindName(), p.docs.of(k.Settings()).text)
		p.table(k.Settings())
	}
	require.NotRegexp(t, `(?m)^\| .* \|  \|$`, p.String(), "each setting says in its comment what it means")
	golden := filepath.Join("..", "docs", "configuration.md")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(p.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.True(t, string(want) == p.String(), "%s is not what the types say: go test ./standard -update makes it anew", golden)
}

func makes(k pipeline.AnyKind) string {
	switch k.Makes().String() {
	case "[]pipeline.Stage":
		return "Policies"
	case "authn.Authenticator":
		return "Authenticators"
	case "ratelimit.Limiter":
		return "Limiters"
	case "cache.Store":
		return "Stores"
	case "upstream.Balancer":
		return "Balancers"
	}
	return k.Makes().String()
}

// TestEveryKindIsListedOnce also keeps the list from losing one.
func TestEveryKindIsListedOnce(t *testing.T) {
	t.Parallel()
	_, err := pipeline.NewKinds(standard.All()...)
	require.NoError(t, err)
	var names []string
	for _, k := range standard.All() {
		names = append(names, k.KindName())
	}
	slices.Sort(names)
	require.Equal(t, []string{
		"allow_ips", "api_key", "authenticate", "body", "breaker", "bulkhead", "cache", "compress", "correlation_id", "cors", "deny",
		"environment", "fallback", "hash", "headers", "in_flight", "jwt", "least_connections", "mask", "memory", "memory", "payload", "problems", "public", "random_two",
		"rate_limit", "redirect", "respond", "retry", "roles", "round_robin", "scopes", "select", "subscription", "timeout", "trace", "unit_limit",
	}, names)
}
