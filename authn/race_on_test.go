//go:build race

package authn_test

// raced says that the race detector watches: it drops what pools hold at
// random, so that allocations are not those of users.
const raced = true
