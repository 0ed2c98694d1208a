package wire

// A Case is what comes on a connection, what the backend does, and what has to
// become of it.
type Case struct {
	Group, Name string

	// Send is what the client writes, one write each. Behind it comes the probe,
	// a further request that ends the connection and must be answered exactly
	// where Keeps says so.
	Send []string
	// Half has the client end its side after Send, instead of the probe.
	Half bool
	// Stream is sent as a request of HTTP/2, instead of Send.
	Stream *Stream
	// Script plays both sides by itself, instead of Send and Answer. It may use
	// the helpers of Scene, which end it where something is not as it should be.
	Script func(s *Scene)

	// Answer is what the backend answers to each request but the probe.
	Answer Answer

	// Want are the statuses of the final answers, in order. In place of one may
	// stand several, separated by |, and behind ~ those that other gateways may
	// give too. A stream or connection of HTTP/2 that is reset counts as "reset".
	Want []string
	// Keeps says that the connection lives on: the probe is answered.
	Keeps bool
	// Seen are the whole requests that the backend gets, without the probe:
	// method, target and body.
	Seen []string
	// Again says that the backend may get the first request more than once,
	// where it failed it.
	Again bool
	// Partial says that the backend may get a request that never ends well.
	Partial bool
	// Sees are fields of the first request at the backend, and Gets are those of
	// the first answer at the client: "Name: value" is there, "?Name: value" is
	// there or no such field is, "+Name: value" is a trailer, "!Name" is not
	// there, in no spelling.
	Sees, Gets []string
	// Body is that of the first answer, where it is not empty.
	Body string
	// Interim are the statuses of the 1xx answers that the client gets.
	Interim []int
	// Cut says that the first answer must not end as a whole one.
	Cut bool

	// MayPass are the requests, or the first of them, that a gateway may let pass
	// where it uses a leniency that an RFC allows. Gateways of this module do not.
	MayPass []string
	// Own says that a bound or choice of this module is looked at, which others
	// need not share.
	Own bool
}

// An Answer is what the backend does with a request.
type Answer struct {
	// Raw is what it writes, one write each; nothing: 200 and "ok", and the end
	// of its connection.
	Raw []string
	// Endless is written again and again behind Raw, up to 4 MiB.
	Endless string
	// Close ends its connection afterwards.
	Close bool
}

const ok = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

// closing is the answer where a case says nothing: the connection ends with it,
// so that no case meets one of the case before.
const closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

// probe is the request behind that of a case.
const probe = "GET /end HTTP/1.1\r\nHost: wire.test\r\nConnection: close\r\n\r\n"

const probed = "GET /end"

// refuses tells whether the case is one of which nothing may reach a backend.
func (c Case) refuses() bool { return len(c.Want) > 0 && c.Want[0] >= "4" && len(c.Seen) == 0 }

// Cases returns the suite.
func Cases() []Case {
	var all []Case
	for _, group := range []func() []Case{
		framingCases, lineCases, fieldCases, hostCases, chunkCases, trailerCases, limitCases,
		methodCases, identityCases, hopCases, pathCases, upgradeCases, socketCases,
		backendCases, expectCases, earlyCases, streamCases, http2Cases,
	} {
		all = append(all, group()...)
	}
	return all
}
