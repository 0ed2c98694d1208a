package gatewaytest

import "strings"

// A section is one part of a script, in the form of a txtar archive: a line
// with its name between "-- " and " --", and the lines up to the next one.
type section struct {
	name string
	data string
	line int // where it begins, from 1
}

// splitSections returns the sections of a script; what stands before the first
// is a comment.
func splitSections(script string) []section {
	var all []section
	var data strings.Builder
	end := func() {
		if n := len(all); n > 0 {
			all[n-1].data = data.String()
		}
		data.Reset()
	}
	number := 0
	for line := range strings.Lines(strings.ReplaceAll(script, "\r\n", "\n")) {
		number++
		if name, ok := sectionName(line); ok {
			end()
			all = append(all, section{name: name, line: number})
			continue
		}
		data.WriteString(strings.TrimSuffix(line, "\n") + "\n")
	}
	end()
	return all
}

func sectionName(line string) (string, bool) {
	line = strings.TrimRight(line, " \t\n")
	name, begins := strings.CutPrefix(line, "-- ")
	name, ends := strings.CutSuffix(name, " --")
	name = strings.TrimSpace(name)
	return name, begins && ends && name != ""
}
