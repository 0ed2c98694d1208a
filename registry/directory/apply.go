package directory

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-f9645bd3/gateway/registry"
)

// Apply takes changes in, all of them or, where one is faulty, none. The
// error is registry.Faults, with the place in the list as Field.
//
// Of several changes of one entry the last counts; to remove what is not there
// is no fault. A subscription names no plan or one that is known once all
// changes are done, and a plan that a subscription names cannot be removed.
// The values are copied: the caller may go on using them.
//
// The cost of a change does not depend on how much the directory holds, but
// that each doubling costs one pass through all of it; a change of a plan costs
// one pass through all subscriptions, whatever the number of such changes in
// the list.
func (m *Memory) Apply(changes []registry.Change) error {
	m.writing.Lock()
	defer m.writing.Unlock()
	b := m.begin()
	for i, c := range changes {
		if faults := validate(c); len(faults) > 0 {
			b.fault(i, faults)
			continue
		}
		b.add(c, i)
	}
	if len(b.faults) == 0 {
		b.settle()
	}
	if len(b.faults) > 0 {
		return b.report()
	}
	b.commit()
	return nil
}

// maxFaults bounds the faults that are told of one list.
const maxFaults = 100

// report returns the first faults, in the order of the list.
func (b *batch) report() registry.Faults {
	slices.SortStableFunc(b.faults, func(x, y *registry.Fault) int {
		return cmp.Compare(listIndex(x.Field), listIndex(y.Field))
	})
	if n := len(b.faults); n > maxFaults {
		b.faults = b.faults[:maxFaults]
		b.faults.Add("", "%d further faults", n-maxFaults)
	}
	return b.faults
}

// listIndex returns the place in the list of changes that a field begins with.
func listIndex(field string) int {
	first, _, _ := strings.Cut(strings.TrimPrefix(field, "/"), "/")
	index, err := strconv.Atoi(first)
	if err != nil {
		return -1
	}
	return index
}
