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
//
// Who writes a policy needs few names: NewKind, Stage and Handler, an Exchange
// to read and edit, Refuse to say no, and Wrap to change a body.
//
//	var Kind = pipeline.NewKind("no_trailing_dot", func(_ *pipeline.Env, _ struct{}) ([]pipeline.Stage, error) {
//		return []pipeline.Stage{{Name: "no_trailing_dot", Phase: pipeline.Guard, Wrap: func(next pipeline.Handler) pipeline.Handler {
//			return func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
//				if strings.HasSuffix(x.In.URL.Path, ".") {
//					return nil, pipeline.Refuse(http.StatusBadRequest, "trailing_dot", "The path ends in a dot.")
//				}
//				return next(ctx, x)
//			}
//		}}}, nil
//	})
//
// Scope, Pool, Workshop, Entry, Link and Raw, and the methods Begin, Enter and
// Finish of an Exchange, are what a gateway runs exchanges with: a policy has no
// use for them.
package pipeline
