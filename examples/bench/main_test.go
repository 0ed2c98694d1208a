package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/report"
)

// TestMain lets the program of the tests be the processes that the driver
// starts of itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && slices.Contains([]string{"contender", "backend", "load"}, os.Args[1]) {
		if err := run(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestShortRun(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("needs the clocks of Linux")
	}
	page := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(page, []byte("# Page\n\n"+report.Begin+"\n"+report.End+"\n"), 0o600))
	require.NoError(t, run([]string{
		"-rounds", "1", "-duration", "200ms", "-strace=false", "-contenders", "naive,gateway_pass,gateway_full", "-out", page,
	}))
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(text), "# Page\n")
	for _, part := range []string{"P1 ", "P3 ", "P9 ", "P10 ", "P11 ", "ReverseProxy with popular libraries"} {
		require.Contains(t, string(text), part)
	}
	require.FileExists(t, filepath.Join(filepath.Dir(page), "page.svg"))
}

func TestFlagsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"a contender that there is not": {"-contenders", "bare,apache"},
		"a workload that there is not":  {"-workloads", "put_1k"},
		"no rounds":                     {"-rounds", "0"},
		"no time":                       {"-duration", "0s"},
		"no connections":                {"-connections", "0"},
		"a word too many":               {"get_1k"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Error(t, run(args))
		})
	}
	require.ErrorIs(t, run([]string{"-help"}), flag.ErrHelp)
}
