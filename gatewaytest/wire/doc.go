// Package wire holds a gateway to what it does on the wire: raw bytes in, raw
// bytes of a backend behind it, and for each case what must come of them. One
// request in is one clean request out, or none.
//
// [Cases] is the suite as data. [Run] plays it in a test against a gateway of
// one's own, which a function starts in front of a backend of the suite:
//
//	func TestWire(t *testing.T) {
//		wire.Run(t, func(t testing.TB, backend string) wire.Target {
//			return wire.Target{Addr: start(t, "http://"+backend)}
//		})
//	}
//
// The gateway forwards every method and every path, for every host, to that one
// backend; keeps the Host of requests; lets clients switch to websocket and
// nothing else; and allows request bodies of 2 MiB. What asks for credentials
// may not stand in front: no case brings any.
//
// [Play] plays a single case, against any proxy; [Report.Misses] tells what was
// not as it should be, strictly or with the leniency that the RFCs leave to
// others. examples/wire makes the table of docs/wire.md of that.
//
// [ReadRequest] and [ReadAnswer] are the reader that judges: RFC 9112 without
// leniency, in another style than net/http, over whole messages.
package wire
