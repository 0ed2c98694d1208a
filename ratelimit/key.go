package ratelimit

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Keys of buckets are sequences of parts, each with its length in front, so
// that no value that a caller chooses can spell the key of another. In front
// stand the environment, the policy, what it spans and its limits: two
// policies share buckets only where they say the same in the same place.

// maxPart bounds a part: a longer one is replaced by its digest.
const maxPart = 64

// appendPart appends one part: its length, "=" for a value or "#" for a
// digest, and the text.
func appendPart(buf []byte, s string) []byte {
	tag := byte('=')
	if len(s) > maxPart {
		sum := sha256.Sum256([]byte(s))
		s, tag = base64.RawURLEncoding.EncodeToString(sum[:]), '#'
	}
	buf = strconv.AppendInt(buf, int64(len(s)), 10)
	buf = append(buf, tag)
	return append(buf, s...)
}

// A keyer makes the keys of one policy on one route.
type keyer struct {
	per    string
	prefix []byte
}

func newKeyer(env *pipeline.Env, name string, c Config) (keyer, error) {
	span, err := spanOf(env.Route, c)
	if err != nil {
		return keyer{}, err
	}
	var prefix []byte
	for _, part := range [...]string{env.Environment, name, span, c.per(), fingerprint(c)} {
		prefix = appendPart(prefix, part)
	}
	return keyer{c.per(), prefix}, nil
}

// spanOf names the routes that draw from the same buckets.
func spanOf(route *registry.Route, c Config) (string, error) {
	if route == nil {
		route = &registry.Route{}
	}
	switch {
	case c.Scope == scopeAll:
		return scopeAll, nil
	case c.Per == perRoute || c.Scope == scopeRoute:
		return "route " + route.Name, nil
	case route.API != "":
		return "api " + route.API, nil
	case c.Per == perAPI || c.Scope == scopeAPI:
		field := "/per"
		if c.Scope == scopeAPI {
			field = "/scope"
		}
		return "", registry.At(field, fmt.Errorf("the route belongs to no API"))
	}
	return "route " + route.Name, nil
}

// fingerprint tells policies of one name apart by their limits: a route may
// replace the policy of its API by one of its own.
func fingerprint(c Config) string {
	if c.fromPlan() {
		return "plan"
	}
	return digestOf(c.limits())
}

func digestOf(limits []registry.Limit) string {
	h := sha256.New()
	for _, l := range limits {
		fmt.Fprintf(h, "%d/%d/%d;", l.Rate.Count, l.Rate.Per, l.Burst)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// append appends what all keys of the caller begin with. It reports false
// where there is nobody to count for.
func (k keyer) append(buf []byte, x *pipeline.Exchange) ([]byte, bool) {
	buf = append(buf, k.prefix...)
	switch k.per {
	case perSubscription:
		return appendSubscription(buf, x.Subscription)
	case perConsumer:
		if x.Identity == nil || x.Identity.Consumer == "" {
			return buf, false
		}
		return appendPart(buf, x.Identity.Consumer), true
	case perSubject:
		return appendSubject(buf, x.Identity)
	case perAddress:
		return appendAddress(buf, x)
	}
	return buf, true // all callers alike
}

// appendSubscription names a subscription by its id or, where it has none, by
// what it is unique by.
func appendSubscription(buf []byte, s *registry.Subscription) ([]byte, bool) {
	switch {
	case s == nil:
		return buf, false
	case s.ID != "":
		return appendPart(buf, s.ID), true
	case s.Consumer == "":
		return buf, false
	}
	buf = appendPart(appendPart(buf, s.Consumer), s.API)
	return appendPart(buf, s.Environment), true
}

// appendSubject names a subject within its issuer: subjects of two issuers may
// be spelled alike.
func appendSubject(buf []byte, id *pipeline.Identity) ([]byte, bool) {
	if id == nil || id.Subject == "" {
		return buf, false
	}
	buf = appendPart(appendPart(buf, id.Scheme), id.Issuer)
	return appendPart(buf, id.Subject), true
}

// network6 is the network that one customer gets at least (RFC 6177): who has
// it has 2^64 addresses to call from.
const network6 = 64

func appendAddress(buf []byte, x *pipeline.Exchange) ([]byte, bool) {
	client := x.Client.Unmap().WithZone("")
	if !client.IsValid() {
		return buf, false
	}
	if client.Is6() {
		network, err := client.Prefix(network6)
		if err != nil {
			return buf, false
		}
		client = network.Addr()
	}
	var room [48]byte
	text := client.AppendTo(room[:0])
	buf = strconv.AppendInt(buf, int64(len(text)), 10)
	buf = append(buf, '=')
	return append(buf, text...), true
}

func itoa(i int) string { return strconv.Itoa(i) }

// appendIndex tells the buckets of several limits apart: the second gets "/1".
func appendIndex(buf []byte, i int) []byte {
	return strconv.AppendInt(append(buf, '/'), int64(i), 10)
}

// indexLen is the length of what appendIndex appends.
func indexLen(i int) int { return 1 + len(strconv.Itoa(i)) }

// OwnerOf returns what all buckets of one decision have in common: the parts of
// the key, without the index of the limit. A store that spreads keys over
// machines keeps those of one owner together, so that several limits are
// decided at once. Of a key that this package did not make, it is the key.
func OwnerOf(key string) string {
	end := 0
	for {
		part := partLen(key[end:])
		if part == 0 {
			break
		}
		end += part
	}
	if end == 0 {
		return key
	}
	return key[:end]
}

// partLen returns the length of the part that s begins with, 0 where it begins
// with none.
func partLen(s string) int {
	n := 0
	for i := 0; i < len(s) && i <= partDigits; i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			n = 10*n + int(c-'0')
		case i > 0 && (c == '=' || c == '#') && n < len(s)-i:
			return i + 1 + n
		default:
			return 0
		}
	}
	return 0
}

// partDigits bounds the length that stands in front of a part: it is maxPart at
// most.
const partDigits = 2
