package cache

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A keyer makes the keys of one route. All that is written into a key stands
// behind its length, and the key is the SHA-256 of it: no caller can spell the
// key of another.
type keyer struct {
	route     []byte   // what the route is
	base      []byte   // what it is, with the stages behind the cache
	headers   []string // that belong to the key by the settings
	query     queryFilter
	shared    bool // no tenant
	perCaller bool // an Authorization field has entries of its own
	inner     []func(x *pipeline.Exchange) string
	whole     bool // of a stage behind the cache nobody knows what it depends on
}

func newKeyer(env *pipeline.Env, c Config) *keyer {
	route := fingerprint(env)
	k := &keyer{
		route: route, base: route, query: newQueryFilter(c.Key.Query), shared: c.Shared,
		perCaller: c.Authorization == authorizationCaller,
		whole:     true, // until it is told what stands behind it
	}
	for _, name := range c.Key.Headers {
		k.headers = append(k.headers, http.CanonicalHeaderKey(name))
	}
	slices.Sort(k.headers)
	k.headers = slices.Compact(k.headers)
	return k
}

// fingerprint returns what the route is: an edit of its policies, which may
// change what becomes of an answer behind the cache, leaves no old entry in
// reach.
func fingerprint(env *pipeline.Env) []byte {
	r := env.Route
	var b []byte
	for _, s := range [...]string{env.Environment, env.Name, r.Name, r.API, r.Protocol, r.Rewrite, r.Upstream} {
		b = appendText(b, s)
	}
	for _, p := range r.Policies {
		b = appendText(b, p.String())
		b = appendText(b, string(p.Config))
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// introduce takes in what the stages behind the cache depend on.
func (k *keyer) introduce(stages []pipeline.Stage) error {
	k.whole, k.inner = false, nil
	b := appendText(nil, string(k.route))
	for _, s := range stages {
		b = appendText(b, s.Name)
		switch {
		case s.Vary != nil:
			k.inner = append(k.inner, s.Vary)
		case k.shared:
			return fmt.Errorf("is shared, but the stage %q behind it does not tell what of the caller it depends on; "+
				"want shared: false, or no such stage", s.Name)
		default:
			k.whole = true
		}
	}
	k.base = []byte(sum(b))
	return nil
}

// primary returns the key of what x asks for by the method, whatever its
// answers vary by.
func (k *keyer) primary(x *pipeline.Exchange, method string) string {
	buf := getBuffer()
	defer buffers.Put(buf)
	b := append((*buf)[:0], k.base...)
	b = appendText(b, method)
	b = k.appendTarget(b, x)
	b = appendText(b, x.Environment)
	b = appendFields(b, x, k.headers)
	if !k.shared {
		b = appendTenant(b, x)
	}
	for _, vary := range k.inner {
		b = appendText(b, vary(x))
	}
	if k.whole {
		b = appendCaller(b, x)
		b = append(x.Client.AppendTo(b), 0)
	}
	if k.perCaller && credential(x) {
		b = appendFields(b, x, []string{"Authorization"})
		b = appendCaller(b, x)
	}
	*buf = b
	return sum(b)
}

// credential reports whether the backend gets one: in Authorization or, as the
// authenticator knows, in another field.
func credential(x *pipeline.Exchange) bool {
	return len(x.Values("Authorization")) > 0 || x.Identity != nil && x.Identity.Forwarded
}

// appendTarget writes what is asked for: as it came, because stages look at
// that, and as it is sent.
func (k *keyer) appendTarget(b []byte, x *pipeline.Exchange) []byte {
	b = appendText(b, x.Scheme)
	b = appendText(b, x.In.Host)
	b = appendText(b, x.In.URL.EscapedPath())
	path, query, _ := x.OutTarget()
	b = appendText(b, path)
	return appendText(b, k.query.kept(query))
}

// secondary returns the key of one of several answers to what the primary key
// is for: the one for requests with such fields as x has.
func (k *keyer) secondary(primary string, x *pipeline.Exchange, names []string) string {
	buf := getBuffer()
	defer buffers.Put(buf)
	b := appendText((*buf)[:0], primary)
	b = appendFields(b, x, names)
	*buf = b
	return sum(b)
}

// buffers are what keys are written into: those of all routes, so that one that
// the processor has at hand comes next. What they hold is never state.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, 0, 512)
	return &b
}}

func getBuffer() *[]byte { return buffers.Get().(*[]byte) }

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return string(s[:])
}

// appendURIOf writes the URI that x asks for.
func (k *keyer) appendURIOf(b []byte, x *pipeline.Exchange) []byte {
	_, query, _ := x.OutTarget()
	return k.appendURI(b, x.Environment, x.In.Host, x.In.URL.EscapedPath(), query)
}

// appendURI writes what all entries of one URI have in common, whoever they are
// for, whichever route they belong to, without the parameters that do not count.
func (k *keyer) appendURI(b []byte, environment, host, path, query string) []byte {
	b = appendText(b, environment)
	b = appendText(b, strings.ToLower(host))
	b = appendText(b, path)
	return appendText(b, k.query.kept(query))
}

// tagOf returns the tag that entries of a URI bear.
func tagOf(uri []byte) string { return "uri:" + sum(uri) }

// appendTenant writes for whom the answer is: the holder of the subscription
// or, where there is none, the subject.
func appendTenant(b []byte, x *pipeline.Exchange) []byte {
	switch {
	case x.Subscription != nil:
		b = append(b, 's')
		b = appendText(b, x.Subscription.ID)
		b = appendText(b, x.Subscription.Consumer)
		return appendText(b, x.Subscription.API)
	case x.Identity != nil:
		return appendSubject(append(b, 'i'), x.Identity)
	}
	return append(b, absent)
}

func appendSubject(b []byte, id *pipeline.Identity) []byte {
	b = appendText(b, id.Scheme)
	b = appendText(b, id.Issuer)
	b = appendText(b, id.Subject)
	return appendText(b, id.Consumer)
}

// appendCaller writes who calls, and what they may.
func appendCaller(b []byte, x *pipeline.Exchange) []byte {
	b = appendIdentity(b, x.Identity)
	b = appendSubscription(b, x.Subscription)
	return appendGrant(b, x.Grant)
}

func appendIdentity(b []byte, id *pipeline.Identity) []byte {
	if id == nil {
		return append(b, absent)
	}
	b = appendSubject(append(b, present), id)
	b = appendText(b, id.Environment)
	b = appendList(b, id.Scopes)
	b = appendList(b, id.Roles)
	return appendValue(b, id.Claims)
}

func appendSubscription(b []byte, s *registry.Subscription) []byte {
	if s == nil {
		return append(b, absent)
	}
	b = append(b, present)
	for _, text := range [...]string{s.ID, s.Consumer, s.API, s.Environment} {
		b = appendText(b, text)
	}
	b = appendList(b, s.Scopes)
	if s.Plan == nil {
		return append(b, absent)
	}
	return appendText(append(b, present), s.Plan.Name)
}

func appendGrant(b []byte, g *pipeline.Grant) []byte {
	if g == nil {
		return append(b, absent)
	}
	b = append(b, present, flag(g.AllFields), flag(g.PII))
	b = appendList(b, g.Scopes)
	return appendList(b, g.Fields)
}

func flag(set bool) byte {
	if set {
		return present
	}
	return absent
}

func appendList(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendText(b, s)
	}
	return b
}

// appendText writes s behind its length.
func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}
