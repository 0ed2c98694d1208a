// Package registry models what the gateway serves and to whom, as plain
// immutable data, and defines where that data comes from.
//
// A [Snapshot] is one complete version of the configuration: routes, the
// policies they pass and the upstreams they go to. A [Directory] answers, on
// the request path, who may call what. A [Source] delivers new versions of
// both. A [Document] is the form that people write; it expands into a Snapshot.
//
// The package is the ground floor of the module: it imports the standard
// library only, starts no goroutine and touches no file.
package registry
