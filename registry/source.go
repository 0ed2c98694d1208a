package registry

import "context"

// An Update carries what changed: a whole Snapshot, changes of the Directory, or both.
type Update struct {
	Snapshot  *Snapshot
	Directory []Change
}

// A Source delivers updates until ctx ends. The error that apply returns is
// the refusal of that update (a NACK): the gateway serves on as before, and
// the source reports it and waits for the next. A gateway has one Source;
// Merge makes one of several.
//
// Watch returns nil when ctx has ended, and an error where it cannot go on.
// It calls apply from one goroutine at a time.
//
// A source that can tell whether it is in contact, though nothing changes, is
// a Contacted too.
type Source interface {
	Watch(ctx context.Context, apply func(Update) error) error
}
