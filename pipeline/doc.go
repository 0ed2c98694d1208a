// Package pipeline defines the path of one request through the gateway and
// of its response back: the [Exchange] that travels, the [Handler] that serves
// it and the [Stage] that wraps a Handler.
//
// A stage is what others call filter, plugin or middleware. Stages decide and
// write their decision on the exchange; a [Recorder] tells, once, at the end.
// Responses are values: a stage that wants to alter an answer alters the
// *http.Response that the next handler returned, and the edge alone writes.
//
// A [Kind] teaches the gateway one kind of configurable thing by the type of
// its settings and a constructor.
package pipeline
