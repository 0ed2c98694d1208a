package h1

import "errors"

// Why an exchange failed. What else it fails with is the connection's error.
var (
	// ErrNoPlace: no connection was free in time.
	ErrNoPlace = errors.New("no connection free in time")
	// ErrLate: the head of the answer was not there in time.
	ErrLate = errors.New("no response head in time")
	// ErrStalled: the backend took nothing of the request for too long.
	ErrStalled = errors.New("the backend does not take the request")
	// ErrClosed: the exchange was closed.
	ErrClosed = errors.New("the exchange has ended")
	// ErrField: a request cannot be written, since something in it would read
	// as something else. Nothing of it was sent.
	ErrField = errors.New("request line or field that cannot be written")
	// ErrShortBody: the request body ended before the length that was promised.
	ErrShortBody = errors.New("the request body is shorter than its length")
)

// errOutOfTurn: something came where nothing was asked.
var errOutOfTurn = errors.New("the backend spoke before it was asked")

// A DialError says that there is no connection, or no trusted one.
type DialError struct{ Err error }

func (e *DialError) Error() string { return e.Err.Error() }

// Unwrap returns what the network or TLS said.
func (e *DialError) Unwrap() error { return e.Err }

// A MalformedError says what is wrong with an answer. It repeats nothing of it.
type MalformedError string

func (e MalformedError) Error() string { return "malformed response: " + string(e) }
