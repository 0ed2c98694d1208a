package audit

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// ErrTail says that the last record of a trail does not hold: it was altered, or
// is of another key. A recorder does not write on behind it.
var ErrTail = errors.New("audit: the last record does not hold")

// A tail is where a file of a trail ends.
type tail struct {
	last link
	size int64 // of whole records
	torn int64 // bytes behind them
}

// window bounds how far back a whole record is looked for: what waits to be
// written and was not synced is less.
const window = 32 << 20

// readTail finds the last whole record. What stands behind it was half written
// when a system went down, and the head does not know of it; where the head
// knows of more than what is whole, and something else stands in its place, it
// was altered.
func readTail(f file, s *sealer, head link) (tail, error) {
	size, err := f.Size()
	if err != nil || size == 0 {
		return tail{}, err
	}
	text := make([]byte, min(size, window))
	if _, err := f.ReadAt(text, size-int64(len(text))); err != nil && !errors.Is(err, io.EOF) {
		return tail{}, err
	}
	whole, last, bad := lastRecord(text, s)
	t := tail{last: last, torn: int64(len(text) - whole)}
	t.size = size - t.torn
	if bad != nil && (last.seq == 0 || last.seq < head.seq) {
		return tail{}, fmt.Errorf("%w: %w", ErrTail, bad)
	}
	if whole == 0 && size > int64(len(text)) {
		return tail{}, fmt.Errorf("%w: there is none within %d bytes", ErrTail, len(text))
	}
	return t, nil
}

// lastRecord returns where the last record ends that holds, and what is wrong
// with the lines behind it; nil where there is only part of one.
func lastRecord(text []byte, s *sealer) (whole int, last link, bad error) {
	for whole = bytes.LastIndexByte(text, '\n') + 1; whole > 0; {
		begin := bytes.LastIndexByte(text[:whole-1], '\n') + 1
		line := text[begin : whole-1]
		r, err := s.open(line)
		if err == nil {
			return whole, link{r.seq, sha256.Sum256(line)}, bad
		}
		if bad == nil {
			bad = err
		}
		whole = begin
	}
	return 0, link{}, bad
}

// firstSeq returns the number of the first record of a file.
func firstSeq(f file) (uint64, error) {
	text := make([]byte, 256)
	n, err := f.ReadAt(text, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	text, _ = bytes.CutPrefix(text[:n], []byte(seqMember))
	digits, _, _ := bytes.Cut(text, []byte(","))
	seq, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: the first one has no number", ErrTail)
	}
	return seq, nil
}

// rotated returns the earlier files of a trail, oldest first.
func rotated(d disk, path string) ([]string, error) {
	all, err := d.Glob(escape(path) + ".*")
	all = slices.DeleteFunc(all, func(p string) bool {
		end := strings.TrimPrefix(p, path+".")
		return len(end) != seqDigits || strings.Trim(end, "0123456789") != ""
	})
	slices.Sort(all)
	return all, err
}

// seqDigits is how long the number is that the name of a rotated file ends in.
const seqDigits = 20

func rotatedName(path string, first uint64) string {
	return fmt.Sprintf("%s.%0*d", path, seqDigits, first)
}

// escape has Glob take the name as it is.
func escape(path string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(path)
}
