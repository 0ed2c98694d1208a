package apikey

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A finding is what a request bears in the places that count.
type finding struct {
	key   string
	count int
	place place // of the last one
	bad   bool  // present, but not in a form that can hold one key
}

// A place is where a key was found.
type place uint8

const (
	inHeader place = iota
	inAuthorization
	inCookie
	inQuery
)

func (f *finding) add(key string, at place) {
	f.key, f.place = key, at
	f.count++
}

// find returns the one key of the request, and where it stood.
func (a *authenticator) find(x *pipeline.Exchange) (string, place, error) {
	var f finding
	a.lookInHeader(x.In.Header, &f)
	a.lookInAuthorization(x.In.Header, &f)
	a.lookInCookies(x.In.Header, &f)
	if err := a.lookInQuery(x.In.URL, &f); err != nil {
		return "", 0, err
	}
	switch {
	case f.count == 0 && !f.bad:
		return "", 0, authn.ErrNoCredentials
	case f.count != 1 || f.bad || !wellFormed(f.key):
		return "", 0, malformed()
	}
	return f.key, f.place, nil
}

func (a *authenticator) lookInHeader(h http.Header, f *finding) {
	if a.header == "" {
		return
	}
	for _, value := range h[a.header] {
		f.add(value, inHeader)
	}
}

func (a *authenticator) lookInAuthorization(h http.Header, f *finding) {
	if a.config.Scheme == "" {
		return
	}
	values := h["Authorization"]
	for _, value := range values {
		scheme, key, _ := strings.Cut(value, " ")
		if !strings.EqualFold(scheme, a.config.Scheme) {
			continue
		}
		f.add(strings.TrimLeft(key, " "), inAuthorization)
		f.bad = f.bad || len(values) > 1
	}
}

func (a *authenticator) lookInCookies(h http.Header, f *finding) {
	if a.config.Cookie == "" {
		return
	}
	cookies(h["Cookie"], func(name, value, _ string) {
		if name == a.config.Cookie {
			f.add(value, inCookie)
		}
	})
}

func (a *authenticator) lookInQuery(u *url.URL, f *finding) error {
	if a.config.Query == "" || u.RawQuery == "" {
		return nil
	}
	ok := parameters(u.RawQuery, func(name, value, _ string) {
		if name != a.config.Query {
			return
		}
		key, err := url.QueryUnescape(value)
		f.bad = f.bad || err != nil
		f.add(key, inQuery)
	})
	if !ok {
		return pipeline.Refuse(http.StatusBadRequest, pipeline.CodeQueryMalformed, "The query cannot be read.")
	}
	return nil
}

// remove takes the key out of what the backend will get.
func (a *authenticator) remove(x *pipeline.Exchange, from place) {
	switch {
	case from == inQuery:
		x.SetTarget(withoutParameter(x.Target(), a.config.Query))
	case a.config.Forward:
	case from == inHeader:
		x.Del(a.header)
	case from == inAuthorization:
		x.Del("Authorization")
	case from == inCookie:
		a.removeCookie(x)
	}
}

// Places tells where keys are looked for.
func (a *authenticator) Places() []string {
	var all []string
	for _, p := range [...]struct{ set, place string }{
		{a.header, a.header},
		{a.config.Scheme, "Authorization " + strings.ToLower(a.config.Scheme)},
		{a.config.Cookie, "Cookie " + a.config.Cookie},
		{a.config.Query, "?" + a.config.Query},
	} {
		if p.set != "" {
			all = append(all, p.place)
		}
	}
	return all
}

// Strip takes whatever stands in a place out of what the backend gets, whether
// or not keys are forwarded: nobody has judged it.
func (a *authenticator) Strip(x *pipeline.Exchange, place string) {
	var f finding
	switch {
	case place == a.header:
		if x.In.Header[a.header] != nil {
			x.Del(a.header)
		}
	case strings.HasPrefix(place, "?"):
		if err := a.lookInQuery(x.In.URL, &f); err == nil && f.count > 0 {
			a.remove(x, inQuery)
		}
	case strings.HasPrefix(place, "Cookie "):
		if a.lookInCookies(x.In.Header, &f); f.count > 0 {
			a.removeCookie(x)
		}
	default:
		if a.lookInAuthorization(x.In.Header, &f); f.count > 0 {
			x.Del("Authorization")
		}
	}
}

func (a *authenticator) removeCookie(x *pipeline.Exchange) {
	rest := withoutCookie(x.Values("Cookie"), a.config.Cookie)
	if rest == "" {
		x.Del("Cookie")
		return
	}
	x.Set("Cookie", rest)
}

func malformed() *pipeline.Problem {
	return pipeline.Refuse(http.StatusUnauthorized, CodeMalformed, "The request bears no single well-formed API key.")
}
