package gateway

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	stdhash "hash"
	"strconv"

	"github.com/seed-f9645bd3/gateway/registry"
)

// A hash identifies what a unit was compiled from. Lengths stand before
// strings, so that no two contents spell one sequence.
type hash [sha256.Size]byte

// String returns the first half, which is plenty to tell versions apart.
func (h hash) String() string { return hex.EncodeToString(h[:8]) }

type hasher struct {
	sum     stdhash.Hash
	scratch []byte
}

func newHasher() *hasher { return &hasher{sum: sha256.New()} }

func (h *hasher) string(s string) {
	h.scratch = append(binary.AppendUvarint(h.scratch[:0], uint64(len(s))), s...)
	h.sum.Write(h.scratch)
}

func (h *hasher) strings(ss []string) {
	h.int(len(ss))
	for _, s := range ss {
		h.string(s)
	}
}

func (h *hasher) int(n int) { h.string(strconv.Itoa(n)) }

func (h *hasher) policies(ps []registry.Policy) {
	h.int(len(ps))
	for _, p := range ps {
		h.string(p.Kind)
		h.string(p.Name)
		h.string(string(p.Config))
	}
}

func (h *hasher) predicates(ps []registry.Predicate) {
	h.int(len(ps))
	for _, p := range ps {
		h.strings([]string{p.Name, p.Exact, p.Pattern})
	}
}

func (h *hasher) done() (out hash) {
	h.sum.Sum(out[:0])
	h.sum.Reset()
	return out
}

// route hashes a route: itself and its policies, not its upstream's settings
// or endpoints, which change behind a pointer of their own.
func (h *hasher) route(environment string, r *registry.Route) hash {
	for _, s := range [...]string{environment, r.Name, r.API, r.Protocol, r.Rewrite, r.Upstream, r.Match.Path} {
		h.string(s)
	}
	h.strings(r.Upgrade)
	h.strings(r.Paths.Allow)
	h.strings(r.Match.Hosts)
	h.strings(r.Match.Methods)
	h.predicates(r.Match.Headers)
	h.predicates(r.Match.Query)
	h.int(r.Match.Priority)
	h.policies(r.Policies)
	return h.done()
}

// edge hashes what the edge chain is compiled from.
func (h *hasher) edge(s *registry.Snapshot) hash {
	h.string(s.Environment)
	h.strings(s.Inbound.TrustedProxies)
	h.strings(s.Inbound.IdentityFields)
	h.string(s.Inbound.UnderscoreNames)
	h.int(int(spellings(s)))
	h.policies(s.Edge)
	return h.done()
}
