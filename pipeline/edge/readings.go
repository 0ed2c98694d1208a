package edge

import (
	"net/url"
	"strings"
)

// maxReadings bounds the readings of one path. Paths that are written to be
// read in more ways have no other use.
const maxReadings = 64

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
			all = add(all, next)
		}
		if len(all) > maxReadings {
			return nil, false
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

// next returns what one more step makes of r.
func (r reading) next() []reading {
	steps := []reading{
		{mapped(r.path, cutParameter), r.encoded},
		{mapped(r.path, cutTrailing), r.encoded},
		{merged(r.path), r.encoded},
	}
	if !r.encoded {
		return append(steps, reading{strings.ReplaceAll(r.path, `\`, "/"), false})
	}
	if plain, err := url.PathUnescape(r.path); err == nil {
		steps = append(steps, reading{plain, false})
	}
	return append(steps, reading{unnest(r.path), true})
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

// mapped applies f to each segment.
func mapped(p string, f func(string) string) string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		segments[i] = f(s)
	}
	return strings.Join(segments, "/")
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
