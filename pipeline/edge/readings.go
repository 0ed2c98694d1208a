package edge

import (
	"net/url"
	"strings"
)

// maxReadings bounds the readings of one path. Paths that are written to be
// read in more ways have no other use.
const maxReadings = 32

// Readings returns all that lenient backends may take a canonical path for:
// those that decode it before they split it, or twice; cut segments off at a
// semicolon; take a backslash for a slash; merge slashes; or drop dots and
// spaces at the end of a segment; in any order. The first is the path itself.
// False says that there are more readings than are worth looking at.
//
// Who lets odd spellings through asks for the route of each reading: where one
// has another route than the path itself, a backend may serve what that route
// guards.
func Readings(canonical string) ([]*url.URL, bool) {
	all := []reading{{path: canonical, encoded: true}}
	for i := 0; i < len(all); i++ {
		for _, next := range all[i].next() {
			if all = add(all, next); len(all) > maxReadings {
				return nil, false
			}
		}
	}
	urls := make([]*url.URL, 0, len(all))
	for _, r := range all {
		urls = append(urls, r.url())
	}
	return urls, true
}

// A reading is a path on its way through a backend: split first and decoded
// then where it is still encoded, else the other way round.
type reading struct {
	path    string
	encoded bool
}

func add(all []reading, r reading) []reading {
	for _, known := range all {
		if known == r {
			return all
		}
	}
	return append(all, r)
}

// next returns what one more step makes of r, r itself among it.
func (r reading) next() [5]reading {
	steps := [5]reading{
		{mapped(r.path, cutParameter), r.encoded},
		{mapped(r.path, cutTrailing), r.encoded},
		{merged(r.path), r.encoded},
		r, r,
	}
	if !r.encoded {
		steps[3].path = strings.ReplaceAll(r.path, `\`, "/")
		return steps
	}
	steps[3].path = unnest(r.path)
	if plain, err := url.PathUnescape(r.path); err == nil {
		steps[4] = reading{plain, false}
	}
	return steps
}

func (r reading) url() *url.URL {
	if !r.encoded {
		return &url.URL{Path: r.path}
	}
	plain, err := url.PathUnescape(r.path)
	if err != nil { // no reading: it is of a path that the edge has found well formed
		plain = r.path
	}
	return &url.URL{Path: plain, RawPath: r.path}
}

// mapped applies f, which cuts, to each segment.
func mapped(p string, f func(string) string) string {
	var out strings.Builder
	from := 0
	for rest := p; ; {
		segment, behind, more := strings.Cut(rest, "/")
		at := len(p) - len(rest)
		if kept := f(segment); len(kept) < len(segment) {
			out.Grow(len(p) - out.Len())
			out.WriteString(p[from : at+len(kept)])
			from = at + len(segment)
		}
		if rest = behind; !more {
			break
		}
	}
	if from == 0 {
		return p
	}
	out.WriteString(p[from:])
	return out.String()
}

func cutParameter(segment string) string {
	segment, _, _ = strings.Cut(segment, ";")
	segment, _, _ = strings.Cut(segment, "%3B")
	segment, _, _ = strings.Cut(segment, "%3b")
	return segment
}

func cutTrailing(segment string) string {
	for {
		cut := strings.TrimSuffix(strings.TrimRight(segment, ". "), "%20")
		if cut == segment {
			return cut
		}
		segment = cut
	}
}

func merged(p string) string {
	for strings.Contains(p, "//") {
		p = strings.ReplaceAll(p, "//", "/")
	}
	return p
}
