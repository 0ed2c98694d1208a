package cache

import (
	"net/http"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// conditions are what the client asked no more than a change of.
type conditions struct {
	tags  []string // If-None-Match
	since []string // If-Modified-Since
}

func conditionsOf(x *pipeline.Exchange) conditions {
	return conditions{x.Values("If-None-Match"), x.Values("If-Modified-Since")}
}

func (c *conditions) any() bool { return len(c.tags) > 0 || len(c.since) > 0 }

// met reports whether the client has what the entry holds, by the order of RFC
// 9110 section 13.2.2 and as RFC 9111 section 4.3.2 tells a cache to judge:
// If-None-Match, else If-Modified-Since.
func (c *conditions) met(e *Entry) bool {
	if e.Status < 200 || e.Status > 299 {
		return false
	}
	if len(c.tags) > 0 {
		return anyMatches(c.tags, e.Header.Get("Etag"))
	}
	if len(c.since) != 1 {
		return false
	}
	since, err := http.ParseTime(c.since[0])
	return err == nil && !modified(e).After(since)
}

// modified returns when the entry was last modified, as far as known.
func modified(e *Entry) time.Time {
	for _, name := range [...]string{"Last-Modified", "Date"} {
		if at, err := http.ParseTime(e.Header.Get(name)); err == nil {
			return at
		}
	}
	return e.Stored
}

// anyMatches compares a list of entity tags weakly (RFC 9110 section 8.8.3.2).
func anyMatches(lines []string, etag string) bool {
	for _, line := range lines {
		if line == "*" {
			return true
		}
		for line != "" {
			var tag string
			if tag, line = nextTag(line); tag != "" && tag == opaque(etag) {
				return true
			}
		}
	}
	return false
}

// nextTag cuts the opaque part of one entity tag off a list; it is empty at
// the end, and where the list is malformed.
func nextTag(s string) (tag, rest string) {
	s = strings.TrimLeft(s, " \t,")
	s = strings.TrimPrefix(s, "W/")
	if !strings.HasPrefix(s, `"`) {
		return "", ""
	}
	end := strings.IndexByte(s[1:], '"')
	if end < 0 {
		return "", ""
	}
	return s[:end+2], s[end+2:]
}

// opaque returns an entity tag without its mark of weakness; nothing where it
// is none.
func opaque(etag string) string {
	tag := strings.TrimPrefix(etag, "W/")
	if len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return ""
	}
	return tag
}

// validate has the request ask whether the entry still holds (RFC 9111 section
// 4.3.1). The client's own entity tags are asked about too: the backend may
// find that it is the client who has the newer one. It reports false where the
// entry has no validator that the question can be put with.
func (c *conditions) validate(x *pipeline.Exchange, e *Entry) bool {
	etag := e.Header.Get("Etag")
	switch {
	case opaque(etag) != "":
		x.Set("If-None-Match", withTags(etag, c.tags))
		x.Del("If-Modified-Since")
		return true
	case len(c.tags) > 0:
		return false // they would outweigh the date
	case e.Header["Last-Modified"] == nil:
		return false
	}
	x.Set("If-Modified-Since", e.Header.Get("Last-Modified"))
	return true
}

// withTags returns the list of etag and the tags of lines.
func withTags(etag string, lines []string) string {
	for _, line := range lines {
		if trim(line) != "*" {
			etag += ", " + line
		}
	}
	return etag
}

// confirms reports whether a 304 is about the entry (RFC 9111 section 4.3.4).
// alone says that nothing but the entry was asked about.
func confirms(h http.Header, e *Entry, alone bool) bool {
	if tag := opaque(h.Get("Etag")); tag != "" {
		return tag == opaque(e.Header.Get("Etag"))
	}
	if at := h.Get("Last-Modified"); at != "" && e.Header["Last-Modified"] != nil {
		return at == e.Header.Get("Last-Modified") && (alone || e.Header["Etag"] == nil)
	}
	return alone
}

// updated returns the fields of the entry with those of the 304 in their place
// (section 3.2): not those that tell of a body. A 304 without Date is of now.
func updated(e *Entry, h http.Header) http.Header {
	merged := make(http.Header, len(e.Header)+len(h))
	for name, values := range e.Header {
		merged[name] = values
	}
	delete(merged, "Date")
	for name, values := range h {
		switch name {
		case "Content-Length", "Content-Encoding", "Content-Type", "Content-Range", "Transfer-Encoding":
		default:
			merged[name] = values
		}
	}
	return merged
}
