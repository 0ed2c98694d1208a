// Package admin serves what an operator asks a running gateway: is it alive,
// is it ready, what does it serve, which configuration is in force. It reads
// only, and changes nothing.
//
//	handler := admin.New(control, admin.Metrics(metrics.Handler()))
//	http.ListenAndServe("127.0.0.1:9901", handler)
//
// [Control] is what the package needs of a gateway; it knows nothing else of
// one. The handler belongs on a listener of its own, on loopback or inside a
// trusted network: it tells names of routes and backends to whoever reaches it.
package admin
