package audit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"strconv"
)

// maxLine bounds a record; no recorder writes one that is longer.
const maxLine = 64 << 10

// sum is a SHA-256.
type sum = [sha256.Size]byte

// A link is where a chain stands: the number and the sum of its last record.
// Its zero value is the beginning.
type link struct {
	seq uint64
	sum sum
}

// A sealer makes records and heads under one key. It is used by one goroutine.
type sealer struct{ mac hash.Hash }

func newSealer(key []byte) *sealer { return &sealer{hmac.New(sha256.New, key)} }

// appendMAC appends the HMAC of text in hexadecimal digits.
func (s *sealer) appendMAC(dst, text []byte) []byte {
	var room sum
	s.mac.Reset()
	s.mac.Write(text)
	return hex.AppendEncode(dst, s.mac.Sum(room[:0]))
}

const (
	seqMember  = `{"seq":`
	prevMember = `,"prev":"`
	macMember  = `,"mac":"`
	lineEnd    = `"}`
)

// macLen is the length of what stands behind the members of a record.
const macLen = len(macMember) + 2*sha256.Size + len(lineEnd)

// append appends the record that follows after, with its newline, and returns
// where the chain stands then. body is the members of the record, without
// braces.
func (s *sealer) append(dst, body []byte, after link) ([]byte, link) {
	begin := len(dst)
	dst = append(dst, seqMember...)
	dst = strconv.AppendUint(dst, after.seq+1, 10)
	dst = append(dst, prevMember...)
	dst = hex.AppendEncode(dst, after.sum[:])
	dst = append(dst, `",`...)
	dst = append(dst, body...)
	signed := dst[begin:]
	dst = s.appendMAC(append(dst, macMember...), signed)
	dst = append(dst, lineEnd...)
	next := link{after.seq + 1, sha256.Sum256(dst[begin:])}
	return append(dst, '\n'), next
}

// A record is a line of a trail, taken apart.
type record struct {
	seq  uint64
	prev sum
	body []byte
}

var (
	errForm = errors.New("it has not the form of a record")
	errMAC  = errors.New("its HMAC does not hold")
)

// open takes a line without its newline apart. It returns the numbers with
// errMAC, too, where the line has the form of a record and was not made under
// this key. There is one way to write a record only, so that no byte of it can
// be another.
func (s *sealer) open(line []byte) (record, error) {
	r, signed, mac, err := parse(line)
	if err != nil {
		return r, err
	}
	var room [2 * sha256.Size]byte
	if !hmac.Equal(s.appendMAC(room[:0], signed), mac) {
		return r, errMAC
	}
	return r, nil
}

func parse(line []byte) (r record, signed, mac []byte, err error) {
	if len(line) <= macLen {
		return r, nil, nil, errForm
	}
	signed, end := line[:len(line)-macLen], line[len(line)-macLen:]
	mac, ok := bytes.CutPrefix(end, []byte(macMember))
	if !ok || !bytes.HasSuffix(mac, []byte(lineEnd)) {
		return r, nil, nil, errForm
	}
	mac = mac[:len(mac)-len(lineEnd)]
	rest, ok := bytes.CutPrefix(signed, []byte(seqMember))
	if !ok {
		return r, nil, nil, errForm
	}
	digits, rest, ok := bytes.Cut(rest, []byte(prevMember))
	if !ok || len(rest) < 2*sha256.Size+2 || rest[2*sha256.Size] != '"' || rest[2*sha256.Size+1] != ',' {
		return r, nil, nil, errForm
	}
	if r.seq, err = strconv.ParseUint(string(digits), 10, 64); err != nil || r.seq == 0 {
		return r, nil, nil, errForm
	}
	if _, err := hex.Decode(r.prev[:], rest[:2*sha256.Size]); err != nil {
		return r, nil, nil, errForm
	}
	r.body = rest[2*sha256.Size+2:]
	return r, signed, mac, nil
}
