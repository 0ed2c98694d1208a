package cache

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Bounds of what one entry may bear beside its body.
const (
	maxTags    = 64
	maxTagSize = 256
	maxVary    = 16
)

// understood are the statuses whose meaning for caches is known here (RFC 9110
// section 15.1), and whether their freshness may be assumed.
func understood() map[int]bool {
	return map[int]bool{
		200: true, 203: true, 204: true, 300: true, 301: true, 302: false, 307: false, 308: true,
		404: true, 405: true, 410: true, 414: true, 501: true,
	}
}

func understands(status int) bool {
	_, known := understood()[status]
	return known
}

// rules say what may be stored. They are those of one route.
type rules struct {
	statuses     map[int]bool // whether freshness may be assumed
	ttl          time.Duration
	staleIfError time.Duration
	staleWhile   time.Duration
	tagsHeader   string
	perCaller    bool // an answer to Authorization is stored for its caller alone
}

func newRules(c Config) rules {
	r := rules{
		statuses: understood(), ttl: c.TTL.Std(), staleIfError: c.StaleIfError.Std(), staleWhile: c.StaleWhileRevalidate.Std(),
		perCaller: c.Authorization == authorizationCaller,
	}
	if c.TagsHeader != "" {
		r.tagsHeader = http.CanonicalHeaderKey(c.TagsHeader)
	}
	if len(c.Statuses) > 0 {
		r.statuses = map[int]bool{}
		for _, status := range c.Statuses {
			r.statuses[status] = true
		}
	}
	return r
}

// An arrival is a response as it came from the backend.
type arrival struct {
	credential bool // the backend got one
	status     int
	header     http.Header
	asked, now time.Time
}

// judge makes an entry without a body of the response, or reports false
// where it must not be stored (RFC 9111 section 3) or would be of no use.
func (r *rules) judge(asks *directives, a arrival) (*Entry, bool) {
	says := parseDirectives(a.header["Cache-Control"])
	assume, listed := r.statuses[a.status]
	if !listed || asks.noStore || says.private || r.forbidden(a, &says) || !r.permitted(a, &says) {
		return nil, false
	}
	if a.header["Set-Cookie"] != nil && !cookieless(&says) {
		return nil, false
	}
	vary, ok := varyNames(a.header)
	if !ok {
		return nil, false
	}
	tags, ok := r.tags(a.header)
	if !ok {
		return nil, false
	}
	fresh := Entry{Status: a.status, Stored: a.now, Vary: vary, Tags: tags, Header: a.header}
	explicit := r.freshen(&fresh, a, &says, assume)
	if !explicit && !assume && !says.public {
		return nil, false
	}
	if !fresh.keep().After(a.now) { // of no use, before it costs anything
		return nil, false
	}
	e := &Entry{}
	*e = fresh
	e.Header = r.keepable(a.header, &says)
	if e.Header["Date"] == nil { // RFC 9110 section 6.6.1
		e.Header["Date"] = []string{a.now.UTC().Format(http.TimeFormat)}
	}
	e.Expires = e.keep()
	return e, e.Expires.After(a.now)
}

// forbidden reports what no permission outweighs.
func (r *rules) forbidden(a arrival, says *directives) bool {
	if says.noStore && !(says.mustUnderstand && understands(a.status)) {
		return true
	}
	return a.header["Content-Range"] != nil || strings.HasPrefix(a.header.Get("Content-Type"), "text/event-stream")
}

// permitted tells whether the answer to a request with a credential may be
// stored (section 3.5, which knows of none but Authorization). What the backend gets counts, not what the client
// sent: a credential that was taken away cannot have made a difference.
func (r *rules) permitted(a arrival, says *directives) bool {
	return r.perCaller || says.public || says.mustRevalidate || says.sMaxAge.set || !a.credential
}

// cookieless tells whether a response with Set-Cookie may be stored without
// it: where it says public, or names the field as one that is not to be kept.
func cookieless(says *directives) bool {
	return says.public || slices.Contains(says.privateFields, "Set-Cookie") || slices.Contains(says.noCacheFields, "Set-Cookie")
}

// freshen reckons how old the response is and how old it may get.
func (r *rules) freshen(e *Entry, a arrival, says *directives, assume bool) (explicit bool) {
	date := dateOf(a.header, a.now)
	e.Age = initialAge(a.header, a.asked, a.now, date)
	e.Fresh, explicit = lifetime(a.header, says, date)
	switch {
	case explicit:
	case !assume && !says.public:
	case r.ttl > 0:
		e.Fresh = r.ttl + e.Age // from now on
	default:
		e.Fresh = heuristic(a.header, date)
	}
	if says.noCache {
		e.Fresh = 0
	}
	e.Strict = says.noCache || says.mustRevalidate || says.proxyRevalidate || says.sMaxAge.set
	if !e.Strict && (explicit || e.Fresh > 0) {
		r.excuse(e, says)
	}
	return explicit || says.noCache
}

// excuse says for how long the entry may be served stale. What nobody has said
// to be fresh for any time never is; and what is to be validated each time is
// served meanwhile only where the response itself says so.
func (r *rules) excuse(e *Entry, says *directives) {
	e.StaleIfError = r.staleIfError
	if says.staleIfError.set {
		e.StaleIfError = says.staleIfError.d
	}
	switch {
	case says.staleWhile.set:
		e.StaleWhileRevalidate = says.staleWhile.d
	case e.Fresh > 0:
		e.StaleWhileRevalidate = r.staleWhile
	}
}

// keepable returns the fields that an entry keeps (section 3.1): not those of
// the connection, nor of one caller, nor what is reckoned anew each time.
func (r *rules) keepable(from http.Header, says *directives) http.Header {
	h := make(http.Header, len(from)+1)
	maps.Copy(h, from)
	for _, line := range from["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			delete(h, http.CanonicalHeaderKey(trim(name)))
		}
	}
	for _, name := range [...]string{
		"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
		"Set-Cookie", "Set-Cookie2", "Age", "Cache-Status",
	} {
		delete(h, name)
	}
	if r.tagsHeader != "" {
		delete(h, r.tagsHeader)
	}
	for _, name := range slices.Concat(says.privateFields, says.noCacheFields) {
		delete(h, name)
	}
	own(h)
	return h
}

// own gives the fields values of their own, in one piece: those that came may
// stand within what else belongs to their exchange, and would keep all of it.
func own(h http.Header) {
	n := 0
	for _, values := range h {
		n += len(values)
	}
	all := make([]string, 0, n)
	for name, values := range h {
		from := len(all)
		all = append(all, values...)
		h[name] = all[from:len(all):len(all)]
	}
}

// tags reads the tags of a response. One with more than can be kept is not
// stored: a purge has to reach it.
func (r *rules) tags(h http.Header) ([]string, bool) {
	if r.tagsHeader == "" {
		return nil, true
	}
	var tags []string
	for _, line := range h[r.tagsHeader] {
		for _, tag := range strings.FieldsFunc(line, tagSeparator) {
			if len(tags) == maxTags || len(tag) > maxTagSize {
				return nil, false
			}
			tags = append(tags, tag)
		}
	}
	return tags, true
}

func tagSeparator(r rune) bool { return r == ',' || r == ' ' || r == '\t' }
