package apikey

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"
)

// hashPrefix names the algorithm in front of a hash in documents.
const hashPrefix = "hmac-sha256:"

// Sum returns HMAC-SHA-256 of key under secret: what the Directory knows of a
// key.
func Sum(secret, key []byte) [32]byte {
	h := hmac.New(sha256.New, secret)
	h.Write(key)
	return [32]byte(h.Sum(nil))
}

// Hash returns the Sum as configuration documents write it: "hmac-sha256:" and
// 64 hexadecimal digits.
func Hash(secret, key []byte) string {
	sum := Sum(secret, key)
	return hashPrefix + hex.EncodeToString(sum[:])
}

// A summer computes Sums under one secret, and keeps the states of the hash:
// they are most of what a sum costs.
type summer struct {
	secret []byte
	pool   sync.Pool
}

type sumState struct {
	mac hash.Hash
	key [maxKey]byte
	sum [sha256.Size]byte
}

func newSummer(secret []byte) *summer { return &summer{secret: bytes.Clone(secret)} }

// sum returns the Sum of a key of at most maxKey bytes.
func (s *summer) sum(key string) [32]byte {
	state, ok := s.pool.Get().(*sumState)
	if !ok {
		state = &sumState{mac: hmac.New(sha256.New, s.secret)}
	}
	n := copy(state.key[:], key)
	state.mac.Reset()
	state.mac.Write(state.key[:n])
	state.mac.Sum(state.sum[:0])
	clear(state.key[:n])
	sum := state.sum
	s.pool.Put(state)
	return sum
}
