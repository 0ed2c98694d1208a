package gateway_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/standard"
)

// TestDocsLinkToWhatIsThere follows every relative link of the pages. A link
// whose text is the name of a test, benchmark, example or fuzz target has to
// lead to the file that defines it.
func TestDocsLinkToWhatIsThere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\[([^\]]+)\]\(([^)#: ]+)(#[^)]*)?\)`)
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	for _, page := range append(pages, "README.md", "CONTRIBUTING.md", "SECURITY.md") {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			target := filepath.Join(filepath.Dir(page), m[2])
			content, err := os.ReadFile(target)
			if err != nil {
				_, err = os.Stat(target)
				require.NoError(t, err, "%s links to %s", page, m[2])
				continue
			}
			name := strings.Trim(m[1], "`")
			if regexp.MustCompile(`^(Test|Fuzz|Benchmark|Example)[A-Z]\w*$`).MatchString(name) {
				require.Contains(t, string(content), "func "+name+"(", "%s: %s defines no %s", page, m[2], name)
			}
		}
	}
}

// TestFeatureAndSafetyPagesAreWhole holds the two pages to speaking of every
// number: proved or open.
func TestFeatureAndSafetyPagesAreWhole(t *testing.T) {
	t.Parallel()
	features, err := os.ReadFile("docs/features.md")
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^\| ([A-Z]{1,2}-\d{2}) \|.*\|$`).FindAllString(string(features), -1)
	require.Equal(t, 273, len(rows), "one row a capability")
	for _, row := range rows {
		require.True(t, strings.Contains(row, "](../") != strings.Contains(row, "| open |"), "either a proof or open: %s", row)
	}
	safety, err := os.ReadFile("docs/safety.md")
	require.NoError(t, err)
	numbers := regexp.MustCompile(`(?m)^\| (\d+) \|.*\|$`).FindAllString(string(safety), -1)
	require.Equal(t, 75, len(numbers))
	for _, row := range numbers {
		require.True(t, strings.Contains(row, "](../") || strings.Contains(row, "open"), "a proof, or open: %s", row)
	}
}

// TestEveryKindHasAPage holds docs/policies.md to naming every policy and
// authenticator, and each page to the form of a manual.
func TestEveryKindHasAPage(t *testing.T) {
	t.Parallel()
	index, err := os.ReadFile("docs/policies.md")
	require.NoError(t, err)
	for _, k := range standard.All() {
		switch k.Makes().String() {
		case "[]pipeline.Stage", "authn.Authenticator":
			require.Contains(t, string(index), k.KindName(), "docs/policies.md")
		}
	}
	for _, m := range regexp.MustCompile(`\]\(\.\./([^)]+README\.md)\)`).FindAllStringSubmatch(string(index), -1) {
		page, err := os.ReadFile(m[1])
		require.NoError(t, err)
		for _, section := range []string{"# Name", "# Description", "# Settings", "# Examples"} {
			require.Contains(t, string(page), "#"+section, m[1])
		}
	}
}
