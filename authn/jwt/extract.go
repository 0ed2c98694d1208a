package jwt

import (
	"net/http"
	"strings"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/internal/jose"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A place is where a token was found.
type place uint8

const (
	inAuthorization place = iota
	inHeader
	inCookie
)

// places are where a token is looked for.
type places struct {
	header  string // canonical
	cookie  string
	forward bool
}

func newPlaces(c Config) places {
	return places{header: http.CanonicalHeaderKey(c.Header), cookie: c.Cookie, forward: c.Forward}
}

// A finding is what a request bears in the places that count.
type finding struct {
	token string
	count int
	place place // of the last one
	bad   bool  // present, but not in a form that can hold one token
}

func (f *finding) add(token string, at place) {
	f.token, f.place = token, at
	f.count++
}

// find returns the one token of the request, and where it stood.
func (p *places) find(h http.Header) (string, place, error) {
	var f finding
	if p.header == "" && p.cookie == "" {
		lookInAuthorization(h, &f)
	}
	if p.header != "" {
		for _, value := range h[p.header] {
			f.add(value, inHeader)
		}
	}
	p.lookInCookies(h, &f)
	switch {
	case f.count == 0 && !f.bad:
		return "", 0, authn.ErrNoCredentials
	case f.count != 1 || f.bad || f.token == "":
		return "", 0, malformed(jose.Fault("the request bears no single token"))
	case len(f.token) > jose.MaxToken:
		return "", 0, malformed(jose.Fault("the token is too long"))
	}
	return f.token, f.place, nil
}

// lookInAuthorization: RFC 6750 section 2.1.
func lookInAuthorization(h http.Header, f *finding) {
	values := h["Authorization"]
	for _, value := range values {
		scheme, token, _ := strings.Cut(value, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		f.add(strings.TrimLeft(token, " "), inAuthorization)
		f.bad = f.bad || len(values) > 1
	}
}

func (p *places) lookInCookies(h http.Header, f *finding) {
	if p.cookie == "" {
		return
	}
	for name, value := range cookies(h["Cookie"]) {
		if name == p.cookie {
			f.add(value, inCookie)
		}
	}
}

// cookies yields each name and value of Cookie fields (RFC 6265 section 4.2.1),
// spaces around them cut off.
func cookies(lines []string) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		for _, line := range lines {
			for pair := range strings.SplitSeq(line, ";") {
				name, value, _ := strings.Cut(pair, "=")
				if !yield(strings.Trim(name, " \t"), strings.Trim(value, " \t")) {
					return
				}
			}
		}
	}
}

// remove takes the token out of what the backend will get.
func (p *places) remove(x *pipeline.Exchange, from place) {
	switch {
	case p.forward:
	case from == inHeader:
		x.Del(p.header)
	case from == inAuthorization:
		x.Del("Authorization")
	case from == inCookie:
		p.removeCookie(x)
	}
}

// names returns the places as authn.Carrier has them.
func (p *places) names() []string {
	var all []string
	if p.header != "" {
		all = append(all, p.header)
	}
	if p.cookie != "" {
		all = append(all, "Cookie "+p.cookie)
	}
	if all == nil {
		return []string{inBearer}
	}
	return all
}

const inBearer = "Authorization bearer"

// strip takes whatever stands in a place out of what the backend will get,
// whether or not tokens are forwarded: nobody has judged it.
func (p *places) strip(x *pipeline.Exchange, place string) {
	switch place {
	case p.header:
		if x.In.Header[p.header] != nil {
			x.Del(p.header)
		}
	case inBearer:
		var f finding
		if lookInAuthorization(x.In.Header, &f); f.count > 0 {
			x.Del("Authorization")
		}
	default:
		var f finding
		if p.lookInCookies(x.In.Header, &f); f.count > 0 {
			p.removeCookie(x)
		}
	}
}

func (p *places) removeCookie(x *pipeline.Exchange) {
	var kept []string
	for name, value := range cookies(x.Values("Cookie")) {
		if name != p.cookie && name+value != "" {
			kept = append(kept, name+"="+value)
		}
	}
	if len(kept) == 0 {
		x.Del("Cookie")
		return
	}
	x.Set("Cookie", strings.Join(kept, "; "))
}
