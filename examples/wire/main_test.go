package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestTheTable makes that of the proxies that are always there.
func TestTheTable(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	var all []result
	patience := []time.Duration{time.Minute, time.Second} // the gateway leaves nobody waiting
	for i, p := range proxies()[:2] {
		r, err := play(t.Context(), p, patience[i])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if n := len(all[0].misses); n > 0 {
		t.Errorf("the gateway misses %d: %v", n, all[0].misses)
	}
	if n := len(all[1].misses); n < 20 {
		t.Errorf("httputil.ReverseProxy misses only %d: %v", n, all[1].misses)
	}
	write(&out, all, false)
	for _, want := range []string{"| framing | ", "| all | ", "### Missed by reverseproxy", "an extension with a NUL"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// TestThePageIsOfThisSuite holds docs/wire.md to the number of cases that there
// are.
func TestThePageIsOfThisSuite(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/wire.md")
	if err != nil {
		t.Fatal(err)
	}
	names, sizes := groups()
	total := 0
	for _, g := range names {
		total += sizes[g]
		if row := fmt.Sprintf("| %s | %d |", g, sizes[g]); !strings.Contains(string(page), row) {
			t.Errorf("docs/wire.md has no row %q; go run ./examples/wire makes the table", row)
		}
	}
	if row := fmt.Sprintf("| all | %d |", total); !strings.Contains(string(page), row) {
		t.Errorf("docs/wire.md has no row %q", row)
	}
}

func TestOnlyWhatIsThereIsChosen(t *testing.T) {
	t.Parallel()
	if _, err := choose([]string{"squid"}); err == nil {
		t.Error("a proxy that nobody knows was chosen")
	}
	chosen, err := choose([]string{"reverseproxy", "gateway"})
	if err != nil || len(chosen) != 2 || chosen[0].name != "gateway" {
		t.Errorf("chosen %v, %v", chosen, err)
	}
}
