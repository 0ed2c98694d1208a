// Package cache answers from what was answered before, as a shared cache of
// RFC 9111.
//
// A [Store] keeps entries, and knows nothing of HTTP; the package
// cache/memory holds one. What may be stored, for how long and for whom is
// decided above it, by the stage that [New] and the kind "cache" ([Kind],
// [Policy]) make:
//
//	stage, err := cache.New(env, store, cache.Config{TTL: registry.Duration(time.Minute)})
//
// No answer reaches another caller than those it was made for. The key of an
// entry holds the tenant, and whatever the stages between the cache and the
// backend depend on: what their Vary says, or the whole caller where one of
// them says nothing.
package cache
