package control

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
)

// A Question is what a contender is asked.
type Question struct {
	// Profile is a folder: a CPU profile into it begins, and what the process has
	// allocated before is written as well. The next question ends the profile,
	// and has the allocations written again.
	Profile string `json:"profile,omitempty"`
}

// Stats is what a Go process tells of itself.
type Stats struct {
	Allocations uint64 `json:"allocations"` // since it began
}

// A teller answers the questions.
type teller struct {
	dir string // where a profile is being written
	cpu *os.File
}

func (t *teller) tell(line string) (any, error) {
	var q Question
	if err := json.Unmarshal([]byte(line), &q); err != nil {
		return nil, err
	}
	if err := t.end(); err != nil {
		return nil, err
	}
	if q.Profile != "" {
		if err := t.begin(q.Profile); err != nil {
			return nil, err
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Stats{Allocations: m.Mallocs}, nil
}

func (t *teller) begin(dir string) error {
	if err := allocations(filepath.Join(dir, "allocs_before.pprof")); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "cpu.pprof"))
	if err != nil {
		return err
	}
	t.dir, t.cpu = dir, f
	return pprof.StartCPUProfile(f)
}

func (t *teller) end() error {
	if t.cpu == nil {
		return nil
	}
	pprof.StopCPUProfile()
	err := t.cpu.Close()
	t.cpu = nil
	if err != nil {
		return err
	}
	return allocations(filepath.Join(t.dir, "allocs.pprof"))
}

// allocations writes what was allocated since the process began, which the
// runtime knows for certain two collections later.
func allocations(file string) error {
	runtime.GC()
	runtime.GC()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return pprof.Lookup("allocs").WriteTo(f, 0)
}
