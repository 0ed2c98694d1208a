package redislimit

import (
	"hash/fnv"
	"strings"

	"github.com/seed-f9645bd3/gateway/ratelimit"
)

// The key of a bucket in Redis is the prefix, the digest of its owner in braces
// and the key as the policy made it, which cannot spell that of another:
//
//	gateway:{8f1c7a20c4b15e97}4=prod10=rate_limit...
//
// A cluster places a key by what stands in its first braces, so all limits of
// one decision are on one machine. The digest keeps braces that a caller chose
// out of them.

const (
	maxKeyBytes = 512
	tagLen      = 16
	hexDigits   = "0123456789abcdef"
)

// tagOf returns the digest of the owner of the key.
func tagOf(key string) [tagLen]byte {
	h := fnv.New64a()
	_, _ = h.Write([]byte(ratelimit.OwnerOf(key))) // a hash never fails
	sum := h.Sum64()
	var tag [tagLen]byte
	for i := range tag {
		tag[i] = hexDigits[sum>>60]
		sum <<= 4
	}
	return tag
}

// appendKey appends the key in Redis.
func appendKey(buf []byte, prefix string, tag [tagLen]byte, key string) []byte {
	buf = append(append(buf, prefix...), '{')
	buf = append(append(buf, tag[:]...), '}')
	return append(buf, key...)
}

// cleanPrefix returns p without braces, which are for the digest alone.
func cleanPrefix(p string) string {
	return strings.Map(func(c rune) rune {
		if c == '{' || c == '}' {
			return '_'
		}
		return c
	}, p)
}

const (
	slots     = 16384
	crcPoly   = 0x1021
	laneCount = 16
)

// laneOf returns which part of a cluster has the tag: machines hold ranges of
// slots, so the trouble of one touches the lanes of its range alone. A slot is
// the CRC-16 (XMODEM) of the tag, as the specification of Redis Cluster says.
func laneOf(tag [tagLen]byte) int {
	var crc uint16
	for _, b := range tag {
		crc ^= uint16(b) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ crcPoly
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc) % slots / (slots / laneCount)
}
