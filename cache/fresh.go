package cache

import (
	"net/http"
	"time"
)

// Bounds of what is reckoned where the backend does not say.
const (
	heuristicShare = 10             // a tenth of the age that Last-Modified tells
	heuristicMost  = 24 * time.Hour // RFC 9111 section 4.2.2 leaves both to the cache
	// keepUnfresh is for how long an entry that can be validated is kept after
	// its freshness.
	keepUnfresh = time.Hour
	// keepMost bounds how long anything is kept.
	keepMost = 365 * 24 * time.Hour
)

// lifetime returns the freshness lifetime (RFC 9111 section 4.2.1), and whether
// the response says it by itself. In a conflict the stricter value counts.
func lifetime(h http.Header, d *directives, date time.Time) (fresh time.Duration, explicit bool) {
	switch {
	case d.sMaxAge.set:
		return d.sMaxAge.d, true
	case d.maxAge.set:
		return d.maxAge.d, true
	}
	lines := h["Expires"]
	if len(lines) == 0 {
		return 0, false
	}
	expires, err := http.ParseTime(lines[0])
	if err != nil || len(lines) > 1 {
		return 0, true // section 5.3: in the past
	}
	return max(expires.Sub(date), 0), true
}

// heuristic returns what may be assumed (section 4.2.2).
func heuristic(h http.Header, date time.Time) time.Duration {
	said := h.Get("Last-Modified")
	if said == "" {
		return 0
	}
	modified, err := http.ParseTime(said)
	if err != nil || modified.After(date) {
		return 0
	}
	return min(date.Sub(modified)/heuristicShare, heuristicMost)
}

// initialAge returns how old a response is when it arrives (section 4.2.3).
func initialAge(h http.Header, asked, now, date time.Time) time.Duration {
	apparent := max(now.Sub(date), 0)
	corrected := now.Sub(asked)
	if lines := h["Age"]; len(lines) > 0 {
		n, ok := parseSeconds(trim(lines[0]))
		if ok {
			corrected += time.Duration(n) * time.Second
		}
	}
	return max(apparent, corrected)
}

// dateOf returns Date or, where it says nothing, the time of arrival.
func dateOf(h http.Header, now time.Time) time.Time {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		return date
	}
	return now
}

// age returns how old the response is now.
func (e *Entry) age(now time.Time) time.Duration { return e.Age + max(now.Sub(e.Stored), 0) }

// left returns for how long it is still fresh; less than zero where it is
// stale.
func (e *Entry) left(now time.Time) time.Duration { return e.Fresh - e.age(now) }

// keep returns until when the store is to keep the entry.
func (e *Entry) keep() time.Time {
	stale := max(e.StaleIfError, e.StaleWhileRevalidate)
	if e.validatable() {
		stale = max(stale, keepUnfresh)
	}
	left := max(e.Fresh-e.Age, 0)
	return e.Stored.Add(min(left+stale, keepMost))
}

// validatable reports whether the backend can be asked if it still holds.
func (e *Entry) validatable() bool {
	return e.Header["Etag"] != nil || e.Header["Last-Modified"] != nil
}

// satisfies reports whether the entry may answer a request without asking the
// backend (section 4 and 5.2.1), and whether it is stale.
func (e *Entry) satisfies(asks *directives, now time.Time) (ok, stale bool) {
	age, left := e.age(now), e.left(now)
	switch {
	case asks.noCache:
		return false, left <= 0
	case asks.maxAge.set && age > asks.maxAge.d:
		return false, left <= 0
	case left > 0:
		return !asks.minFresh.set || left >= asks.minFresh.d, false
	}
	return asks.maxStale.set && !e.Strict && -left <= asks.maxStale.d && !asks.minFresh.set, true
}

// within reports whether the entry may be served although it is stale, because
// it has not been so for longer than the grace.
func within(e *Entry, grace time.Duration, now time.Time) bool {
	return grace > 0 && !e.Strict && -e.left(now) <= grace
}
