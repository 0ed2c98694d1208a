package hours_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeShowsTheseFiles holds the code blocks of the README to the
// programs that are built and tested here: each line of a block is a line of
// its file.
func TestReadmeShowsTheseFiles(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n// (examples/[a-z/_]+\\.go)\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(blocks) < 4 {
		t.Fatalf("the README shows %d files of examples, want at least 4", len(blocks))
	}
	for _, b := range blocks {
		source, err := os.ReadFile("../../" + b[1])
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b[2]) {
			if !strings.Contains(string(source), strings.TrimSuffix(line, "\n")) {
				t.Errorf("%s has no line %q", b[1], line)
			}
		}
	}
}
