// Package observability holds what all recorders share: the [Queue] that
// carries encoded records from the request path to the one goroutine that
// writes them, the encoder of text from outside ([AppendString]) and the one
// code of an outcome ([Code]).
//
// A recorder encodes what it needs while the exchange ends, hands the bytes to
// the queue and forgets them. The queue is bounded, never blocks who hands
// over, and counts what it had to drop:
//
//	q := observability.NewQueue(observability.WriteTo(os.Stdout))
//	go q.Run(ctx) // or let the gateway run the recorder that owns it
//
//	r := q.Record()
//	r.Data = append(r.Data, "one record\n"...)
//	q.Put(r)
//
// Some abilities are optional, and found by the gateway in each recorder: a
// [Runner] is run and joined, a [Forgetter] is told which routes are gone, a
// [ConfigRecorder] what becomes of configurations, and a [Freshener] can tell
// how old the one in force is.
package observability
