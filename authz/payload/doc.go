// Package payload checks what callers send, JSON and XML, before the backend
// has to: that it is well-formed by the letter, and within bounds of depth,
// number and length.
//
//	stage, err := payload.New("payload", payload.Config{})
//
// A body is read in one pass, in memory that does not grow with it. One that is
// short is checked as a whole before anything of it is sent; of a longer one,
// the backend gets what was found to be good so far, and never the end of one
// that is bad. Either way the caller is told by a 4xx what rule was broken, and
// at which byte.
//
// Two readers of one document must not find different things in it. So what
// parsers are known to read differently is refused as well: members of one name,
// half a surrogate pair, byte order marks in JSON, and in XML everything that
// brings text in from elsewhere.
package payload
