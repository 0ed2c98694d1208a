package correlation

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// MaxID bounds the ids that are taken from callers.
const MaxID = 128

// Valid reports whether id may be taken from a caller: safe in a field, in a
// log line and in a query typed by hand.
func Valid(id string) bool {
	if id == "" || len(id) > MaxID {
		return false
	}
	for i := range len(id) {
		if !plain(id[i]) {
			return false
		}
	}
	return true
}

func plain(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	switch c {
	case '-', '.', '_', '~', ':', '/', '+', '=', '@':
		return true
	}
	return false
}

// newID makes a UUIDv7 (RFC 9562 section 5.7): ids sort by when they were made.
func newID(random io.Reader, now time.Time) (string, error) {
	var id [16]byte
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		return "", fmt.Errorf("make correlation id: %w", err)
	}
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(now.UnixMilli()))
	copy(id[:6], millis[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return dashed(id), nil
}

func dashed(id [16]byte) string {
	var text [36]byte
	hex.Encode(text[:8], id[:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:], id[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
