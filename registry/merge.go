package registry

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"strings"
	"sync"
)

// Merge makes one Source of several: routes from one, endpoints from another,
// subscriptions from a third. The last snapshots of all are merged: lists are
// concatenated in the order of the sources, versions are joined with "+", and
// environment and inbound must agree where they are stated. A name that two
// sources give is a fault, as Validate reports it. Changes of the Directory
// pass on.
//
// Nothing is served in part: snapshots are held back until each source has
// delivered its first update; one that has nothing to say delivers an empty
// one. A refusal goes to the source whose update caused it. What was refused
// is tried again together with what another source delivers next, since that
// may be what was missing; if it does not help, the other source's update is
// applied without it.
//
// Watch ends when all sources have ended, or one has failed, which ends the
// others. Where each source is a Contacted, what Merge returns is one too, and
// was last in contact when the most silent of them was.
func Merge(sources ...Source) Source {
	for _, s := range sources {
		if _, ok := s.(Contacted); !ok {
			return merged(sources)
		}
	}
	return contacted{sources}
}

type merged []Source

// Watch implements Source.
func (m merged) Watch(ctx context.Context, apply func(Update) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &merger{apply: apply, parts: make([]part, len(m))}
	errs := make([]error, len(m))
	var wg sync.WaitGroup
	for i, source := range m {
		wg.Go(func() {
			if errs[i] = watched(ctx, source, func(u Update) error { return s.update(i, u) }); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// watched runs a source. A panic in it is its error: in this goroutine nobody
// else could keep it from ending the process.
func watched(ctx context.Context, source Source, apply func(Update) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the source panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return source.Watch(ctx, apply)
}

// A part is what one source has delivered.
type part struct {
	heard    bool
	accepted *Snapshot // in force
	wanted   *Snapshot // delivered last
	changes  []Change  // delivered with wanted, and not in force
}

func (p *part) waits() bool { return p.wanted != p.accepted }

// A merger puts the parts together. Its lock lets one source apply at a time.
type merger struct {
	mu    sync.Mutex
	apply func(Update) error
	parts []part
	// served says that a merged snapshot is in force.
	served bool
}

func (m *merger) update(i int, u Update) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &m.parts[i]
	p.heard = true
	if u.Snapshot == nil && (m.served || !m.complete()) {
		return m.directory(u)
	}
	if u.Snapshot != nil {
		p.wanted, p.changes = u.Snapshot, u.Directory
	} else {
		p.changes = append(p.changes, u.Directory...)
	}
	if !m.complete() {
		return nil
	}
	return m.settle(i)
}

// directory passes on changes that come without snapshot.
func (m *merger) directory(u Update) error {
	if len(u.Directory) == 0 {
		return nil
	}
	return m.apply(u)
}

func (m *merger) complete() bool {
	for i := range m.parts {
		if !m.parts[i].heard {
			return false
		}
	}
	return true
}

// settle applies all that is wanted or, where that is refused and something
// is in force already, what source i wants beside that.
func (m *merger) settle(i int) error {
	err := m.try(func(int) bool { return true })
	if err == nil || !m.served || !m.othersWait(i) {
		return err
	}
	return m.try(func(j int) bool { return j == i })
}

func (m *merger) othersWait(i int) bool {
	for j := range m.parts {
		if j != i && m.parts[j].waits() {
			return true
		}
	}
	return false
}

// try applies the wanted snapshots of the chosen sources beside the accepted
// ones of the others.
func (m *merger) try(chosen func(i int) bool) error {
	var u Update
	var of []*Snapshot
	for i := range m.parts {
		p := &m.parts[i]
		if chosen(i) {
			of, u.Directory = append(of, p.wanted), append(u.Directory, p.changes...)
		} else {
			of = append(of, p.accepted)
		}
	}
	var err error
	if u.Snapshot, err = mergeSnapshots(of); err != nil {
		return err
	}
	if err := m.apply(u); err != nil {
		return err
	}
	m.accept(chosen)
	return nil
}

func (m *merger) accept(chosen func(i int) bool) {
	m.served = true
	for i := range m.parts {
		if p := &m.parts[i]; chosen(i) {
			p.accepted, p.changes = p.wanted, nil
		}
	}
}

// mergeSnapshots makes one snapshot of several, of which some may be nil; nil
// where all are.
func mergeSnapshots(of []*Snapshot) (*Snapshot, error) {
	out := &Snapshot{}
	var versions []string
	var locators []func(Pos) Pos
	var faults Faults
	for _, s := range of {
		if s == nil {
			continue
		}
		versions = append(versions, s.Version)
		faults = append(faults, out.agree(s)...)
		out.Edge = append(out.Edge, s.Edge...)
		out.Routes = append(out.Routes, s.Routes...)
		out.Upstreams = append(out.Upstreams, s.Upstreams...)
		if s.Locate != nil {
			locators = append(locators, s.Locate)
		}
	}
	if versions == nil {
		return nil, nil
	}
	out.Version, out.Locate = strings.Join(versions, "+"), locateIn(locators)
	return out, errors.Join(faults.Err(), clashes(out))
}

// clashes reports the names that are given twice, before anything else is
// asked of the merged snapshot.
func clashes(s *Snapshot) error {
	v := validator{upstreams: map[string]bool{}, routes: map[string]bool{}}
	for i := range s.Upstreams {
		v.subject = Fault{Upstream: s.Upstreams[i].Name, Pos: s.Upstreams[i].Pos}
		v.name(s.Upstreams[i].Name, v.upstreams, "upstream")
	}
	for i := range s.Routes {
		v.subject = Fault{Route: s.Routes[i].Name, Pos: s.Routes[i].Pos}
		v.name(s.Routes[i].Name, v.routes, "route")
	}
	if len(v.faults.list) == 0 {
		return nil
	}
	return s.Locating(v.faults.err())
}

// agree takes over what a further snapshot states, and returns the faults of
// what has been stated otherwise.
func (s *Snapshot) agree(further *Snapshot) (fs Faults) {
	if s.Environment != "" && further.Environment != "" && s.Environment != further.Environment {
		fs.Add("/environment", "one source states %q, another %q", s.Environment, further.Environment)
	}
	s.Environment = first(s.Environment, further.Environment)
	switch stated := reflect.ValueOf(s.Inbound); {
	case reflect.ValueOf(further.Inbound).IsZero():
	case stated.IsZero():
		s.Inbound = further.Inbound
	case !reflect.DeepEqual(s.Inbound, further.Inbound):
		fs.Add("/inbound", "two sources state different things: %s", fmt.Sprint(further.Version))
	}
	return fs
}

// locateIn asks one after the other until one knows the place.
func locateIn(locators []func(Pos) Pos) func(Pos) Pos {
	if len(locators) == 0 {
		return nil
	}
	return func(p Pos) Pos {
		for _, locate := range locators {
			if found := locate(p); found.Line > 0 {
				return found
			}
		}
		return p
	}
}
