package audit

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"
)

// A trail is the files while they are written. Its lock is held by the writer
// and, now and then, by who syncs.
type trail struct {
	path     string
	headPath string
	limit    int64
	disk     disk
	seal     *sealer

	mu     sync.Mutex
	file   file
	head   file
	size   int64  // of what was written to file
	first  uint64 // number of the first record of file; 0 where it has none
	at     link   // where the chain stands
	synced link   // where the head says it does
	slot   int    // of the head that is overwritten next
	buf    []byte
}

// What was found when a trail was opened, and has to be told in it.
type finding struct {
	torn     int64 // bytes that were cut off behind the last whole record
	noHead   bool  // records without a head
	tornHead bool
	missing  uint64 // records that the head knows and the trail has not
	forked   bool   // the record that the head knows is another
}

// openTrail opens the files, cuts a torn tail off and says what it found.
func openTrail(path string, key []byte, s settings) (*trail, finding, error) {
	t := &trail{path: path, headPath: s.head, limit: s.rotate, disk: s.disk, seal: newSealer(key)}
	found, err := t.open()
	if err != nil {
		return nil, found, errors.Join(fmt.Errorf("open %q: %w", path, err), t.release())
	}
	return t, found, nil
}

func (t *trail) open() (finding, error) {
	var found finding
	head, err := t.openHead(&found)
	if err != nil {
		return found, err
	}
	if err := t.openFile(&found); err != nil {
		return found, err
	}
	t.compare(head, &found)
	return found, errors.Join(t.disk.Sync(filepath.Dir(t.path)), t.disk.Sync(filepath.Dir(t.headPath)))
}

// openHead opens the head and returns what it says; nil where it says nothing
// yet.
func (t *trail) openHead(found *finding) (*link, error) {
	var err error
	if t.head, err = t.disk.Open(t.headPath); err != nil {
		return nil, err
	}
	if err := t.head.Lock(); err != nil {
		return nil, err
	}
	size, err := t.head.Size()
	if err != nil || size == 0 {
		return nil, err
	}
	text := make([]byte, min(size, int64(maxHead)+1))
	if _, err := t.head.ReadAt(text, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	at, torn, err := t.seal.openHead(text)
	if err != nil {
		return nil, err
	}
	found.tornHead, t.synced, t.slot = torn, at, older(t.seal, text)
	return &at, nil
}

// openFile opens the last file of the trail and repairs its end.
func (t *trail) openFile(found *finding) error {
	var err error
	if t.file, err = t.disk.Open(t.path); err != nil {
		return err
	}
	end, err := readTail(t.file, t.seal, t.synced)
	if err != nil {
		return err
	}
	if end.torn > 0 {
		if err := errors.Join(t.file.Truncate(end.size), t.file.Sync()); err != nil {
			return err
		}
	}
	found.torn, t.size, t.at = end.torn, end.size, end.last
	if end.size > 0 {
		t.first, err = firstSeq(t.file)
		return err
	}
	return t.before()
}

// before finds where the chain stands in the file before, where this one has no
// record yet.
func (t *trail) before() error {
	earlier, err := rotated(t.disk, t.path)
	if err != nil || len(earlier) == 0 {
		return err
	}
	f, err := t.disk.Open(earlier[len(earlier)-1])
	if err != nil {
		return err
	}
	end, err := readTail(f, t.seal, t.synced)
	t.at = end.last
	return errors.Join(err, f.Close())
}

// compare holds what is there to what the head says. What is missing stays
// missing: the chain goes on behind it, so that the gap is seen for good.
func (t *trail) compare(head *link, found *finding) {
	switch {
	case head == nil:
		found.noHead = t.at.seq > 0
	case head.seq > t.at.seq:
		found.missing, t.at = head.seq-t.at.seq, *head
	case head.seq == t.at.seq && head.sum != t.at.sum:
		found.forked, t.at = true, *head
	}
}

// older returns the line of the head to overwrite: the one that does not hold, or
// the older one.
func older(s *sealer, text []byte) int {
	if len(text) < maxHead {
		return len(text) / headLen // an incomplete second line is begun anew
	}
	a, okA := s.openLine(text[:headLen])
	b, okB := s.openLine(text[headLen:])
	if okA && (!okB || a.seq > b.seq) {
		return 1
	}
	return 0
}

// write appends the records with these bodies. Where that fails, the file is
// brought back to where it was, and so is the chain.
func (t *trail) write(bodies [][]byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.ready(); err != nil {
		return err
	}
	next := t.at
	t.buf = t.buf[:0]
	for _, body := range bodies {
		t.buf, next = t.seal.append(t.buf, body, next)
	}
	if _, err := t.file.WriteAt(t.buf, t.size); err != nil {
		t.doubt()
		return err
	}
	if t.first == 0 {
		t.first = t.at.seq + 1
	}
	t.size, t.at = t.size+int64(len(t.buf)), next
	if cap(t.buf) > 4<<20 {
		t.buf = nil
	}
	return nil
}

// A mark is a point to go back to.
type mark struct {
	size  int64
	first uint64
	at    link
}

func (t *trail) mark() mark {
	t.mu.Lock()
	defer t.mu.Unlock()
	return mark{t.size, t.first, t.at}
}

// back has the trail end where the mark was made: what came since is written
// anew. It may be on the disk or not.
func (t *trail) back(to mark) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.size, t.first, t.at = to.size, to.first, to.at
	t.doubt()
}

// doubt closes the file: after an error nobody knows what of it is on the disk.
func (t *trail) doubt() {
	if t.file != nil {
		_ = t.file.Close()
		t.file = nil
	}
}

// ready opens the file anew after an error, and cuts off what may stand behind
// the last record. Where somebody else has cut off more, the chain goes on all
// the same, and the gap is seen.
func (t *trail) ready() error {
	if t.file != nil {
		return nil
	}
	f, err := t.disk.Open(t.path)
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err == nil && size < t.size {
		var end tail
		end, err = readTail(f, t.seal, link{})
		t.size = end.size
	}
	if err == nil && size > t.size {
		err = f.Truncate(t.size)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	t.file = f
	return nil
}

// sync has everything on the disk that was written, and then the head.
func (t *trail) sync() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.syncHeld()
}

func (t *trail) syncHeld() error {
	if t.at == t.synced {
		return nil
	}
	if err := t.ready(); err != nil {
		return err
	}
	if err := t.file.Sync(); err != nil {
		return err
	}
	line := t.seal.appendHead(nil, t.at)
	if _, err := t.head.WriteAt(line, int64(t.slot*headLen)); err != nil {
		return err
	}
	if err := t.head.Sync(); err != nil {
		return err
	}
	t.synced, t.slot = t.at, 1-t.slot
	return nil
}

// turn begins a new file where this one is long enough.
func (t *trail) turn() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.size < t.limit || t.first == 0 {
		return nil
	}
	if err := t.syncHeld(); err != nil {
		return err
	}
	if err := t.disk.Rename(t.path, rotatedName(t.path, t.first)); err != nil {
		return err
	}
	t.doubt()
	t.size, t.first = 0, 0
	return errors.Join(t.ready(), t.disk.Sync(filepath.Dir(t.path)))
}

// close syncs and lets the files go.
func (t *trail) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return errors.Join(t.syncHeld(), t.release())
}

func (t *trail) release() error {
	var errs []error
	for _, f := range []file{t.file, t.head} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	t.file, t.head = nil, nil
	return errors.Join(errs...)
}

// after is how long a try waits for the one before.
func after(failed int) time.Duration {
	return min(50*time.Millisecond<<min(failed, 6), time.Second)
}
