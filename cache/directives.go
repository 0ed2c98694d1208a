package cache

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxDelta is what a number of seconds that is too large means (RFC 9111
// section 1.2.2).
const maxDelta = 1 << 31

// A delta is the argument of a directive in seconds, where it has one.
type delta struct {
	d   time.Duration
	set bool
}

// directives is what Cache-Control says (RFC 9111 section 5.2, RFC 5861).
type directives struct {
	noStore, noCache, public, private bool
	mustRevalidate, proxyRevalidate   bool
	mustUnderstand, onlyIfCached      bool
	maxAge, sMaxAge, minFresh         delta
	maxStale                          delta // no bound: the largest delta
	staleIfError, staleWhile          delta
	// The fields that no-cache and private are limited to, where they are.
	noCacheFields, privateFields []string
}

// parseDirectives reads the lines of a Cache-Control field. Where a directive
// is malformed or given twice, what it says is taken in its stricter sense.
func parseDirectives(lines []string) directives {
	var d directives
	for _, line := range lines {
		for line != "" {
			var name, arg string
			var has bool
			name, arg, has, line = nextDirective(line)
			d.take(name, arg, has)
		}
	}
	return d
}

// nextDirective cuts one directive off the list.
func nextDirective(s string) (name, arg string, has bool, rest string) {
	s = strings.TrimLeft(s, " \t,")
	end := strings.IndexAny(s, "=,")
	if end < 0 {
		return trim(s), "", false, ""
	}
	name = trim(s[:end])
	if s[end] == ',' {
		return name, "", false, s[end+1:]
	}
	s = strings.TrimLeft(s[end+1:], " \t")
	if strings.HasPrefix(s, `"`) {
		arg, s = quoted(s)
	} else {
		arg, s = upTo(s, ',')
	}
	_, rest = upTo(s, ',')
	return name, trim(arg), true, rest
}

// upTo returns what stands before the separator and, without it, what follows.
// The separator is left where nothing would tell it from the end.
func upTo(s string, sep byte) (before, after string) {
	if i := strings.IndexByte(s, sep); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// quoted reads the quoted string that s begins with (RFC 9110 section 5.6.4).
// One that does not end reaches to the end.
func quoted(s string) (content, rest string) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

func trim(s string) string { return strings.Trim(s, " \t") }

func (d *directives) take(name, arg string, has bool) {
	switch strings.ToLower(name) {
	case "no-store":
		d.noStore = true
	case "no-cache":
		d.noCache = limited(&d.noCacheFields, arg, has) || d.noCache
	case "private":
		d.private = limited(&d.privateFields, arg, has) || d.private
	case "public":
		d.public = true
	case "must-revalidate":
		d.mustRevalidate = true
	case "proxy-revalidate":
		d.proxyRevalidate = true
	case "must-understand":
		d.mustUnderstand = true
	case "only-if-cached":
		d.onlyIfCached = true
	case "max-age":
		d.maxAge.least(seconds(arg))
	case "s-maxage":
		d.sMaxAge.least(seconds(arg))
	case "stale-if-error":
		d.staleIfError.least(seconds(arg))
	case "stale-while-revalidate":
		d.staleWhile.least(seconds(arg))
	case "min-fresh":
		d.takeMinFresh(arg)
	case "max-stale":
		d.takeMaxStale(arg, has)
	}
}

// takeMinFresh asks for the largest of what is asked for.
func (d *directives) takeMinFresh(arg string) {
	n, ok := parseSeconds(arg)
	if !ok {
		n = maxDelta
	}
	d.minFresh = delta{max(d.minFresh.d, time.Duration(n)*time.Second), true}
}

// takeMaxStale accepts nothing where it cannot be read.
func (d *directives) takeMaxStale(arg string, has bool) {
	if !has {
		d.maxStale.least(maxDelta * time.Second)
		return
	}
	d.maxStale.least(seconds(arg))
}

// least keeps the smaller of what there is and n.
func (d *delta) least(n time.Duration) {
	if !d.set || n < d.d {
		*d = delta{n, true}
	}
}

// limited adds the fields that a directive is limited to. It reports true
// where the directive has no limit, or one that cannot be read.
func limited(fields *[]string, arg string, has bool) bool {
	if !has || arg == "" {
		return true
	}
	var named []string
	for name := range strings.SplitSeq(arg, ",") {
		if name = trim(name); name == "" {
			continue
		}
		if !token(name) {
			return true
		}
		named = append(named, http.CanonicalHeaderKey(name))
	}
	*fields = append(*fields, named...)
	return len(named) == 0
}

// seconds reads delta-seconds (RFC 9111 section 1.2.2); what is none is zero.
func seconds(arg string) time.Duration {
	n, _ := parseSeconds(arg)
	return time.Duration(n) * time.Second
}

func parseSeconds(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > maxDelta {
		return maxDelta, true
	}
	return n, true
}

// token reports whether s is a token of RFC 9110 section 5.6.2.
func token(s string) bool {
	for i := range len(s) {
		if !tokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func tokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
