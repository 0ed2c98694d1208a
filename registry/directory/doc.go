// Package directory keeps subscriptions, plans and credentials where the
// request path can ask for them: it implements [registry.Directory].
//
// [Memory] holds all of them in process. It is fed with changes, answers
// without a lock and without allocating, and takes a thousand changes a second
// beside the lookups:
//
//	var d directory.Memory
//	err := d.Apply([]registry.Change{
//		{Plan: &registry.Plan{Name: "gold"}},
//		{Subscription: &registry.Subscription{
//			ID: "sub-1", Consumer: "acme", API: "users/v2", Environment: "production",
//			Plan: &registry.Plan{Name: "gold"}, Active: true,
//		}},
//	})
//
// # Consistency
//
// A list of changes is checked as a whole before any of it counts, and what
// it refers to is judged at its end: a plan and its subscriptions may come in
// any order. While it is taken in, each entry changes at once and as a whole,
// but one lookup may see a change of the list that another, made at the same
// time, does not see yet. Once Apply has returned, every lookup sees all.
//
// # Plans
//
// A subscription bears its plan by pointer, and that pointer is current: a
// change of a plan gives each of its subscriptions a new value with the new
// plan. What a lookup has returned stays as it was, for the exchange that
// asked.
//
// # Policy
//
// The directory knows, it does not judge: subscriptions that are not active
// and credentials that have run out are found like all others.
package directory
