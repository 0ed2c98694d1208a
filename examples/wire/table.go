package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// write writes the table, and which cases each proxy missed.
func write(w io.Writer, all []result, why bool) {
	head, rule := "| group | cases |", "|---|---|"
	for _, r := range all {
		head, rule = head+" "+r.name+" |", rule+"---|"
	}
	fmt.Fprintln(w, head)
	fmt.Fprintln(w, rule)
	groups, sizes := groups()
	total := 0
	for _, g := range groups {
		total += sizes[g]
		row(w, g, sizes[g], all, g+": ")
	}
	row(w, "all", total, all, "")
	fmt.Fprintln(w)
	for _, r := range all {
		fmt.Fprintf(w, "- %s: %s\n", r.name, r.version)
	}
	for _, r := range all {
		list(w, r, why)
	}
}

func row(w io.Writer, name string, size int, all []result, prefix string) {
	fmt.Fprintf(w, "| %s | %d |", name, size)
	for _, r := range all {
		fmt.Fprintf(w, " %d |", size-r.missed(prefix))
	}
	fmt.Fprintln(w)
}

func (r result) missed(prefix string) int {
	n := 0
	for k := range r.misses {
		if strings.HasPrefix(k, prefix) {
			n++
		}
	}
	return n
}

// groups returns the groups in their order, and how many cases each has.
func groups() (names []string, sizes map[string]int) {
	sizes = map[string]int{}
	for _, c := range cases() {
		if sizes[c.Group]++; sizes[c.Group] == 1 {
			names = append(names, c.Group)
		}
	}
	return names, sizes
}

// list lists what a proxy missed, by group.
func list(w io.Writer, r result, why bool) {
	if len(r.misses) == 0 {
		return
	}
	fmt.Fprintf(w, "\n### Missed by %s\n\n", r.name)
	names, _ := groups()
	for _, g := range names {
		var missed []string
		for _, c := range cases() {
			m := r.misses[key(c)]
			if c.Group != g || m == nil {
				continue
			}
			name := c.Name
			if why {
				name += " (" + strings.Join(m, "; ") + ")"
			}
			missed = append(missed, name)
		}
		if slices.Sort(missed); len(missed) > 0 {
			fmt.Fprintf(w, "- **%s**: %s.\n", g, strings.Join(missed, "; "))
		}
	}
}
