// Package gateway is an API gateway that is imported: an http.Handler made of
// a configuration, which is replaced while it serves.
//
// [New] makes a gateway from options, [Gateway.Apply] compiles a snapshot into
// a table of routes and swaps it in, [Gateway.Run] loads from a source,
// listens, follows the source and drains at the end. [Module] does the same
// inside an fx application.
//
//	g, err := gateway.New(
//		standard.Kinds(),
//		gateway.Source(file.New("gateway.yaml")),
//		gateway.Listen(":8080"),
//	)
//	if err == nil {
//		err = g.Run(ctx)
//	}
//
// A request travels through a chain of stages to an upstream, and its response
// travels back through the same chain: see package pipeline. What is
// configured, and by whom, is data: see package registry.
package gateway
