package audit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Kinds of faults.
const (
	Changed   = "changed"   // a record was altered, or never was one
	Order     = "order"     // a record stands behind one that came after it
	Gap       = "gap"       // records are missing between two
	Forked    = "forked"    // a record follows another than the one before it
	Torn      = "torn"      // a record was written half
	Cut       = "cut"       // records are missing at the end, of which the head knows
	Front     = "front"     // records are missing at the beginning
	Rewritten = "rewritten" // all of it is of another key, or the head knows another record
	HeadFault = "head"      // the head is missing or does not hold
)

// maxFaults bounds the faults of a report.
const maxReported = 100

// A Fault is one thing that is wrong with a trail, and where.
type Fault struct {
	Kind   string `json:"kind"`
	Part   string `json:"part"`             // the file
	Line   int    `json:"line,omitempty"`   // counted from 1; 0 where it is not about a line
	Offset int64  `json:"offset,omitempty"` // of the line
	Seq    uint64 `json:"record,omitempty"` // the number that the record bears, or should
	Detail string `json:"detail"`
}

// String returns the fault as one line.
func (f Fault) String() string {
	where := f.Part
	if f.Line > 0 {
		where += ":" + strconv.Itoa(f.Line)
	}
	return fmt.Sprintf("%s: %s: %s", where, f.Kind, f.Detail)
}

// A Report is what Verify found.
type Report struct {
	Records  uint64 `json:"records"`  // that hold
	First    uint64 `json:"first"`    // number of the first of them
	Last     uint64 `json:"last"`     // and of the last
	Anchored uint64 `json:"anchored"` // how far the head vouches for the end
	Dropped  uint64 `json:"dropped"`  // records that found no room, as the trail says
	Repaired uint64 `json:"repaired"` // times that a torn tail was cut off, as the trail says
	// Headless is how often a gateway began to write behind records and found no
	// head, as the trail says: what was missing before those records nobody knows.
	// A system that goes down within the first moments of a trail is a cause of
	// one; whoever takes the end and the head away is another.
	Headless uint64  `json:"headless,omitempty"`
	Faults   []Fault `json:"faults"` // the first hundred
	More     int     `json:"more,omitempty"`
}

// Err returns the faults as an error; nil where there is none.
func (r *Report) Err() error {
	var errs []error
	for _, f := range r.Faults {
		errs = append(errs, errors.New(f.String()))
	}
	if r.More > 0 {
		errs = append(errs, fmt.Errorf("and %d more", r.More))
	}
	return errors.Join(errs...)
}

func (r *Report) add(f Fault) {
	if len(r.Faults) == maxReported {
		r.More++
		return
	}
	r.Faults = append(r.Faults, f)
}

// A Part is one file of a trail. Text is read once, from the beginning to the
// end.
type Part struct {
	Name string
	Text io.Reader
}

// A Check is what a trail is held to.
type Check struct {
	Key  []byte // that it was made under
	Head []byte // the content of the head
	// From is the number of the first record that has to be there; 0 for
	// whichever is: where earlier files were taken away in order.
	From uint64
}

// Verify reads the parts of a trail, oldest first, and reports what is wrong
// with it. Its error is that of reading; what is wrong is in the report. It
// needs the memory of one record, however long the trail is.
func (c Check) Verify(parts ...Part) (*Report, error) {
	v := &verifier{seal: newSealer(c.Key), report: &Report{}}
	head, torn, headErr := v.seal.openHead(c.Head)
	v.head = head
	if headErr == nil {
		v.report.Anchored = head.seq
	}
	for _, p := range parts {
		if err := v.part(p); err != nil {
			return nil, fmt.Errorf("read %s: %w", p.Name, err)
		}
	}
	v.front(c.From)
	switch {
	case headErr != nil && len(c.Head) == 0:
		v.fault(HeadFault, 0, "there is none, so that nobody knows whether the end is missing")
	case headErr != nil:
		v.fault(HeadFault, 0, "it does not hold under this key")
	case torn:
		v.fault(HeadFault, 0, "one of its two lines does not hold: a crash tears one, which the next start mends and tells of")
	default:
		v.end()
	}
	v.rewritten()
	return v.report, nil
}

// A verifier reads a trail.
type verifier struct {
	seal   *sealer
	report *Report
	head   link

	name   string
	line   int
	offset int64

	last    link // of the record before, whether or not it held
	any     bool // there was one
	blind   bool // the one before did not hold, so nothing can be said of what follows it
	forms   uint64
	foreign uint64 // lines that have the form of a record and another key
	chained uint64 // of these, those that follow one another
	other   bool   // another record than the head knows bears its number
	first   Fault  // where the first record stands
}

func (v *verifier) fault(kind string, seq uint64, format string, args ...any) {
	f := Fault{Kind: kind, Part: v.name, Seq: seq, Detail: fmt.Sprintf(format, args...)}
	if kind != HeadFault && kind != Cut && kind != Rewritten {
		f.Line, f.Offset = v.line, v.offset
	}
	v.report.add(f)
}

func (v *verifier) part(p Part) error {
	v.name, v.line, v.offset = p.Name, 0, 0
	in := bufio.NewReaderSize(p.Text, maxLine+1)
	for {
		text, err := in.ReadSlice('\n')
		if len(text) > 0 {
			v.line++
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			v.damaged("a line of more than %d bytes", maxLine)
			n, err := skip(in)
			if v.offset += int64(len(text)) + n; err != nil {
				return ignoreEnd(err)
			}
			continue
		case errors.Is(err, io.EOF):
			if len(text) > 0 {
				v.torn(text)
			}
			return nil
		case err != nil:
			return err
		}
		v.record(text[:len(text)-1])
		v.offset += int64(len(text))
	}
}

// skip reads to the end of a line.
func skip(in *bufio.Reader) (n int64, err error) {
	for {
		text, err := in.ReadSlice('\n')
		n += int64(len(text))
		if !errors.Is(err, bufio.ErrBufferFull) {
			return n, err
		}
	}
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (v *verifier) torn(text []byte) {
	v.fault(Torn, v.last.seq+1, "%d bytes of a record that was not written to its end", len(text))
}

// damaged notes a line that is no record.
func (v *verifier) damaged(format string, args ...any) {
	v.fault(Changed, v.last.seq+1, format, args...)
	v.last.seq++ // it stands where a record stood
	v.blind = true
	v.note(v.last.seq)
}

// record judges one line.
func (v *verifier) record(line []byte) {
	r, err := v.seal.open(line)
	if errors.Is(err, errForm) {
		v.damaged("%v", err)
		return
	}
	v.forms++
	v.note(r.seq)
	if err != nil {
		v.fault(Changed, r.seq, "record %d: %v", r.seq, err)
		v.foreign++
		if r.seq == v.last.seq+1 && (v.last.seq == 0 || r.prev == v.last.sum) {
			v.chained++
		}
		v.last, v.any, v.blind = link{v.last.seq + 1, sha256.Sum256(line)}, true, true
		return
	}
	at := link{r.seq, sha256.Sum256(line)}
	if v.place(r) {
		v.last, v.any, v.blind = at, true, false
	}
	v.report.Records++
	v.report.Last = max(v.report.Last, at.seq)
	v.other = v.other || at.seq == v.head.seq && at.sum != v.head.sum
	v.count(r.body)
}

func opened(body []byte) bool { return bytes.Contains(body, []byte(`,"event":"`+EventOpened+`"`)) }

// note keeps where the first record stands.
func (v *verifier) note(seq uint64) {
	if v.report.First == 0 {
		v.report.First = seq
		v.first = Fault{Part: v.name, Line: v.line, Offset: v.offset}
	}
}

// place holds a record that holds to the one before, and reports whether the
// trail goes on from it.
func (v *verifier) place(r record) bool {
	switch {
	case !v.any && !v.blind:
		if r.seq == 1 && r.prev != (sum{}) {
			v.fault(Forked, r.seq, "record 1 follows another")
		}
	case r.seq <= v.last.seq:
		v.fault(Order, r.seq, "record %d stands behind record %d", r.seq, v.last.seq)
		return false
	case r.seq > v.last.seq+1:
		v.fault(Gap, r.seq, "records %d to %d are missing", v.last.seq+1, r.seq-1)
	case !v.blind && r.prev != v.last.sum:
		v.fault(Forked, r.seq, "record %d follows another record %d than the one that stands here", r.seq, v.last.seq)
	}
	return true
}

// count adds up what a trail says of itself.
func (v *verifier) count(body []byte) {
	if bytes.Contains(body, []byte(`,"event":"`+EventDropped+`","records":`)) {
		_, digits, _ := strings.Cut(string(body), `,"records":`)
		n, _ := strconv.ParseUint(digits, 10, 64)
		v.report.Dropped += n
	}
	if bytes.Contains(body, []byte(`,"torn_bytes":`)) && opened(body) {
		v.report.Repaired++
	}
	if bytes.Contains(body, []byte(`,"head_missing":true`)) && opened(body) {
		v.report.Headless++
	}
}

// front asks whether the trail begins where it has to.
func (v *verifier) front(from uint64) {
	if from == 0 || v.report.First == 0 || v.report.First == from {
		return
	}
	f := v.first
	f.Kind, f.Seq = Front, v.report.First
	f.Detail = fmt.Sprintf("it begins with record %d and not with record %d", v.report.First, from)
	v.report.add(f)
}

// end holds the end of the trail to the head.
func (v *verifier) end() {
	switch {
	case v.last.seq < v.head.seq:
		v.fault(Cut, v.last.seq+1, "records %d to %d are missing at the end", v.last.seq+1, v.head.seq)
	case v.other:
		v.fault(Rewritten, v.head.seq, "the head knows another record %d than the one that stands here", v.head.seq)
	}
}

// rewritten says in one fault what is wrong with each record of a trail that
// somebody wrote who has not the key.
func (v *verifier) rewritten() {
	if v.forms < 2 || v.foreign < v.forms || v.chained < v.forms {
		return
	}
	all := []Fault{{
		Kind: Rewritten, Part: v.first.Part, Line: v.first.Line, Offset: v.first.Offset, Seq: v.report.First,
		Detail: fmt.Sprintf("all %d records follow one another, and none was made under this key", v.forms),
	}}
	for _, f := range v.report.Faults {
		if f.Kind != Changed {
			all = append(all, f)
		}
	}
	v.report.Faults, v.report.More = all, 0
}
