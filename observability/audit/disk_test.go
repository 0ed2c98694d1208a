package audit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/observability/audit"
)

// A badDisk is one that fails as it is told to.
type badDisk struct {
	audit.Disk
	full    atomic.Int64 // bytes of a write that are taken before it fails; -1 for all
	noSync  atomic.Bool
	noOpen  atomic.Bool
	lazy    bool // nothing is synced, which nobody waits for
	failed  atomic.Int64
	syncs   atomic.Int64
	mu      sync.Mutex
	stuck   chan struct{} // a sync waits for it, where it is there
	entered chan struct{}
}

func newBadDisk() *badDisk {
	d := &badDisk{Disk: audit.System(), entered: make(chan struct{}, 1000)}
	d.full.Store(-1)
	return d
}

func (d *badDisk) hold(stuck chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stuck = stuck
}

func (d *badDisk) held() chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stuck
}

func (d *badDisk) Open(path string) (audit.File, error) {
	if d.noOpen.Load() {
		return nil, errors.New("too many open files")
	}
	f, err := d.Disk.Open(path)
	return badFile{f, d}, err
}

type badFile struct {
	audit.File
	disk *badDisk
}

func (f badFile) WriteAt(p []byte, at int64) (int, error) {
	if n := f.disk.full.Load(); n >= 0 {
		f.disk.failed.Add(1)
		n, _ := f.File.WriteAt(p[:min(n, int64(len(p)))], at)
		return n, errors.New("no space left on device")
	}
	return f.File.WriteAt(p, at)
}

func (f badFile) Sync() error {
	f.disk.syncs.Add(1)
	if stuck := f.disk.held(); stuck != nil {
		f.disk.entered <- struct{}{}
		<-stuck
	}
	if f.disk.noSync.Load() {
		f.disk.failed.Add(1)
		return errors.New("input/output error")
	}
	if f.disk.lazy {
		return nil
	}
	return f.File.Sync()
}

const patience = 20 * time.Second

func eventually(t *testing.T, is func() bool) {
	t.Helper()
	require.Eventually(t, is, patience, time.Millisecond)
}

func TestADiskThatFailsForAWhileLosesNothing(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct{ begin, end func(*badDisk) }{
		"full":                 {func(d *badDisk) { d.full.Store(0) }, func(d *badDisk) { d.full.Store(-1) }},
		"full within a record": {func(d *badDisk) { d.full.Store(700) }, func(d *badDisk) { d.full.Store(-1) }},
		"that does not sync":   {func(d *badDisk) { d.noSync.Store(true) }, func(d *badDisk) { d.noSync.Store(false) }},
		"full, and files that cannot be opened": {
			func(d *badDisk) { d.full.Store(3); d.noOpen.Store(true) }, func(d *badDisk) { d.full.Store(-1); d.noOpen.Store(false) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newBadDisk()
			tr := start(t, where(t), audit.OnDisk(d), audit.Durable(time.Minute))
			tr.deny(3)
			fault.begin(d)
			var wait sync.WaitGroup
			for range 8 {
				wait.Go(func() { tr.deny(1) })
			}
			eventually(t, func() bool { return d.failed.Load() > 0 })
			fault.end(d)
			wait.Wait()
			require.NoError(t, tr.end())
			require.Equal(t, uint64(13), whole(t, tr.path).Records)
			require.Zero(t, tr.Late())
			require.Zero(t, tr.Dropped())
		})
	}
}

func TestWhatFoundNoRoomIsARecord(t *testing.T) {
	t.Parallel()
	d := newBadDisk()
	tr := start(t, where(t), audit.OnDisk(d), audit.Room(8<<10))
	tr.deny(1)
	d.full.Store(0)
	tr.deny(100)
	require.NotZero(t, tr.Dropped())
	d.full.Store(-1)
	require.NoError(t, tr.end())
	report := whole(t, tr.path)
	require.Equal(t, tr.Dropped(), report.Dropped, "all that was dropped is told")
	require.Equal(t, uint64(101), report.Records+report.Dropped-uint64(strings.Count(fmt.Sprint(events(lines(t, tr.path))), "dropped"))-2)
}

func TestExchangesWaitForRoomWhereTheyAreTo(t *testing.T) {
	t.Parallel()
	d := newBadDisk()
	tr := start(t, where(t), audit.OnDisk(d), audit.Room(8<<10), audit.Block())
	d.full.Store(0)
	var done atomic.Int64
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() { tr.deny(10); done.Add(1) })
	}
	eventually(t, func() bool { return d.failed.Load() > 1 })
	require.Less(t, done.Load(), int64(10))
	d.full.Store(-1)
	wait.Wait()
	require.NoError(t, tr.end())
	report := whole(t, tr.path)
	require.Equal(t, uint64(102), report.Records)
	require.Zero(t, tr.Dropped()+report.Dropped)
}

func TestADiskThatStaysFullIsTheErrorOfRun(t *testing.T) {
	t.Parallel()
	d := newBadDisk()
	tr := start(t, where(t), audit.OnDisk(d))
	tr.deny(1)
	eventually(t, func() bool { return strings.Count(read(t, tr.path), "\n") == 2 })
	d.full.Store(0)
	tr.deny(5)
	err := tr.end()
	require.ErrorContains(t, err, "no space left")
	require.ErrorContains(t, err, "records are in no trail")
	require.NotZero(t, tr.Dropped())
	tr = start(t, tr.path) // goes on
	require.NoError(t, tr.end())
	whole(t, tr.path)
}

func read(t testing.TB, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(raw)
}

func TestAnExchangeEndsWhenItsRecordIsOnTheDisk(t *testing.T) {
	t.Parallel()
	d := newBadDisk()
	tr := start(t, where(t), audit.OnDisk(d), audit.Durable(time.Minute))
	tr.deny(1)
	stuck := make(chan struct{})
	d.hold(stuck)
	ended := make(chan struct{})
	go func() { tr.deny(1); close(ended) }()
	<-d.entered
	select {
	case <-ended:
		t.Fatal("it ended while its record was on its way to the disk")
	default:
	}
	d.hold(nil)
	close(stuck)
	<-ended
	head := read(t, tr.path+".head")
	report, err := audit.Check{Key: []byte(key), Head: []byte(head), From: 1}.Files(tr.path)
	require.NoError(t, err)
	require.NoError(t, report.Err())
	require.Equal(t, uint64(3), report.Anchored, "the head knows of it by then")
	require.NoError(t, tr.end())
}

func TestExchangesShareASync(t *testing.T) {
	t.Parallel()
	d := newBadDisk()
	tr := start(t, where(t), audit.OnDisk(d), audit.Durable(time.Minute))
	tr.deny(1)
	stuck := make(chan struct{})
	d.hold(stuck)
	var wait sync.WaitGroup
	wait.Go(func() { tr.deny(1) })
	<-d.entered
	for range 50 {
		wait.Go(func() { tr.deny(1) })
	}
	// one batch waits for the disk, and the others behind it
	eventually(t, func() bool { return tr.Waiting() > 50 })
	before := d.syncs.Load()
	d.hold(nil)
	close(stuck)
	wait.Wait()
	require.LessOrEqual(t, d.syncs.Load()-before, int64(10), "two for a batch: trail and head")
	require.NoError(t, tr.end())
	require.Equal(t, uint64(54), whole(t, tr.path).Records)
}

func TestAnExchangeDoesNotWaitForADiskForEver(t *testing.T) {
	t.Parallel()
	d := newBadDisk()
	tr := start(t, where(t), audit.OnDisk(d), audit.Durable(10*time.Millisecond))
	stuck := make(chan struct{})
	d.hold(stuck)
	tr.deny(2)
	require.Equal(t, uint64(2), tr.Late())
	d.hold(nil)
	close(stuck)
	require.NoError(t, tr.end())
	require.Equal(t, uint64(4), whole(t, tr.path).Records)
}

// crashed writes n denials and ends without closing the trail in order, as a
// process that is killed does: head says what the head knew then.
func crashed(t *testing.T, n int) (text, head string) {
	t.Helper()
	tr := start(t, where(t), audit.Durable(time.Minute))
	tr.deny(n)
	text, head = read(t, tr.path), read(t, tr.path+".head")
	require.NoError(t, tr.end())
	return text, head
}

// TestATornTailIsRepaired cuts a trail off at every byte of its last record, of
// which the head did not know yet.
func TestATornTailIsRepaired(t *testing.T) {
	t.Parallel()
	text, _ := crashed(t, 3)
	begin := strings.LastIndexByte(text[:len(text)-1], '\n') + 1
	var wait sync.WaitGroup
	for at := begin; at <= len(text); at++ {
		wait.Go(func() { repaired(t, text[:at], at-begin, at == len(text)) })
	}
	wait.Wait()
}

// repaired starts a recorder on a trail that ends in the middle of record 4.
func repaired(t *testing.T, text string, torn int, isWhole bool) {
	path := where(t)
	all := strings.SplitAfter(text, "\n")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	require.NoError(t, os.WriteFile(path+".head", headOf(all[:3]), 0o600))
	d := newBadDisk()
	d.lazy = true
	r, err := audit.New(path, secret(t, key), audit.OnDisk(d))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.NoError(t, r.Run(ctx))
	report := whole(t, path)
	opened := lines(t, path)[3:]
	if isWhole {
		opened = opened[1:]
		torn = 0
	}
	require.Equal(t, []string{"opened", "closed"}, events(opened))
	if torn == 0 {
		require.NotContains(t, opened[0], "torn_bytes")
		return
	}
	require.EqualValues(t, torn, opened[0]["torn_bytes"])
	require.Equal(t, uint64(1), report.Repaired)
}

// headOf makes the head of a trail of these lines.
func headOf(all []string) []byte {
	var bodies []string
	for _, line := range all {
		_, body, _ := strings.Cut(line, `","time`)
		body, _, _ = strings.Cut(`"time`+body, `,"mac":"`)
		bodies = append(bodies, body)
	}
	var text strings.Builder
	head := audit.Records(&text, []byte(key), bodies...)
	if text.String() != strings.Join(all, "") {
		panic("a trail can be made again from its bodies")
	}
	return head
}

// TestWhatTheHeadKnewAndIsGoneIsSeenForGood cuts a trail behind what the head
// knows: no crash does that.
func TestWhatTheHeadKnewAndIsGoneIsSeenForGood(t *testing.T) {
	t.Parallel()
	text, head := crashed(t, 3)
	all := strings.SplitAfter(text, "\n")
	for name, left := range map[string]string{"two records": strings.Join(all[:2], ""), "one and a half": strings.Join(all[:3], "")[:len(all[0])+len(all[1])+9], "all": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := where(t)
			require.NoError(t, os.WriteFile(path, []byte(left), 0o600))
			require.NoError(t, os.WriteFile(path+".head", []byte(head), 0o600))
			require.NoError(t, start(t, path).end())
			require.NoError(t, start(t, path).end(), "it goes on")
			report, err := audit.Check{Key: []byte(key), From: 1}.Files(path)
			require.NoError(t, err)
			kind := audit.Gap
			if left == "" {
				kind = audit.Front
			}
			require.Equal(t, kind, report.Faults[0].Kind)
			require.Contains(t, read(t, path), `"missing_records":`)
		})
	}
}

func TestAHeadThatIsGoneOrTornIsToldInTheTrail(t *testing.T) {
	t.Parallel()
	text, head := crashed(t, 3)
	for name, tt := range map[string]struct{ head, tells string }{
		"gone":                  {"", "head_missing"},
		"torn in its new line":  {head[:audit.HeadLen] + head[audit.HeadLen:][:40], "head_torn"},
		"torn in its old place": {strings.Repeat("x", audit.HeadLen) + head[audit.HeadLen:], "head_torn"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := where(t)
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			require.NoError(t, os.WriteFile(path+".head", []byte(tt.head), 0o600))
			tr := start(t, path, audit.Durable(time.Minute))
			tr.deny(2)
			require.NoError(t, tr.end())
			require.Contains(t, read(t, path), `"`+tt.tells+`":true`)
			want := uint64(0)
			if tt.head == "" {
				want = 1
			}
			require.Equal(t, want, whole(t, path).Headless)
		})
	}
}

func TestATailOfZeroesIsCutOff(t *testing.T) {
	t.Parallel()
	text, head := crashed(t, 3)
	for name, junk := range map[string]string{
		"zeroes":                       strings.Repeat("\x00", 300_000),
		"zeroes, and what was behind":  strings.Repeat("\x00", 4096) + `code":"x"}` + "\n",
		"lines of other files' blocks": strings.Repeat("<p>\n", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := where(t)
			require.NoError(t, os.WriteFile(path, []byte(text+junk), 0o600))
			require.NoError(t, os.WriteFile(path+".head", []byte(head), 0o600))
			require.NoError(t, start(t, path).end())
			require.EqualValues(t, len(junk), lines(t, path)[4]["torn_bytes"])
			whole(t, path)
		})
	}
}
