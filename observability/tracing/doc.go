// Package tracing takes part in distributed traces: it reads and writes the
// fields of W3C Trace Context, of B3 and of Jaeger, and makes spans by the
// OpenTelemetry API.
//
// Without a provider of tracers it only hands the trace on, which needs no SDK:
// the trace of the caller, or a new one where the caller sent none that holds,
// goes to the backend with an id of its own for each attempt, and its id is in
// Exchange.TraceID, for logs and refusals.
//
//	policies:
//	  - trace: {}
//
// Other forms than Trace Context are read and sent where settings name them;
// what is sent in one says the same in all:
//
//	policies:
//	  - trace: {read: [w3c, b3], send: [w3c, b3_multi]}
//
// With one, each exchange is a span and each attempt a span within it:
//
//	kind := tracing.Kind(tracing.Provider(provider))
//
// What becomes of spans (sampling, batching, export) is the provider's, of
// whatever SDK the program links; this package links none.
//
// A span holds no request fields but User-Agent, no query and no body; path,
// User-Agent and the texts of errors pass package redact.
package tracing
