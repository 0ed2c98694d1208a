//go:build race

package gateway_test

// raceEnabled tells that figures of time say nothing.
const raceEnabled = true
