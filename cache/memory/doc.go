// Package memory keeps the entries of a cache within this process, in a bound
// of bytes:
//
//	store := memory.New(memory.Config{Size: 256 * registry.MiB})
//	stage, err := cache.New(env, store, cache.Config{})
//
// What is asked for often and lately stays; what is asked for once goes first.
// The kind "memory" ([Kind]) has all caches with the same settings share one
// store, which outlives reloads.
package memory
