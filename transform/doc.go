// Package transform changes requests on their way out and responses on their
// way back.
//
// A [Transformer] says what changes; [Stage] puts it into the chain:
//
//	pipeline.Chain(upstream, transform.Stage("stamp", pipeline.Transform, stamp{}))
//
// Header edits, correlation ids, CORS, compression and fixed answers live in
// the packages below this one. The policy body, which bounds and buffers
// request bodies, lives here.
package transform
