package gatewaytest

import (
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-f9645bd3/gateway"
)

// Script runs each txtar file of fsys that the pattern matches as a test of
// its own: a configuration, requests, and what they must be answered with,
// decided by and forwarded as. README.md says how the files are written. The
// options are those of gateway.New:
//
//	func TestScripts(t *testing.T) {
//		gatewaytest.Script(t, os.DirFS("testdata"), "*.txtar", standard.Kinds())
//	}
//
// Each script has a gateway of its own and runs in a testing/synctest bubble:
// its waits and timeouts take no time. A file that is not written as it should
// be fails its test, and so does a pattern that matches nothing.
func Script(t *testing.T, fsys fs.FS, pattern string, opts ...gateway.Option) {
	t.Helper()
	names, err := fs.Glob(fsys, pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no script matches %q: %v", pattern, err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(path.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			steps, err := parseScript(string(raw))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			synctest.Test(t, func(t *testing.T) {
				play(t, steps, newWholeGateway(t, steps, opts))
			})
		})
	}
}
