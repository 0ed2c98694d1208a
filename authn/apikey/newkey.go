package apikey

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

const (
	keyPrefix   = "gw_"
	randomBytes = 20 // 160 bits
	randomChars = 32
	checkChars  = 7
)

// base32 in lower case: a double click selects all of it, and it survives
// systems that ignore case.
var alphabet = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewKey makes a key of 160 random bits: "gw_", 32 characters, and 7 of a
// checksum, so that scanners for leaked secrets and input fields can tell a
// key from a slip of the hand (see Checked). A nil random is crypto/rand, and
// anything else is for tests.
func NewKey(random io.Reader) (string, error) {
	if random == nil {
		random = rand.Reader
	}
	var raw [randomBytes]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("random bytes of a key: %w", err)
	}
	body := keyPrefix + alphabet.EncodeToString(raw[:])
	return body + checksum(body), nil
}

// Checked reports whether key is one that NewKey can have made. It says nothing
// about whether anybody knows it.
func Checked(key string) bool {
	const body = len(keyPrefix) + randomChars
	if len(key) != body+checkChars || !strings.HasPrefix(key, keyPrefix) {
		return false
	}
	return checksum(key[:body]) == key[body:]
}

// checksum finds slips, not forgery: it is no secret.
func checksum(body string) string {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(body)))
	return alphabet.EncodeToString(sum[:])
}
