package pipeline

import "strconv"

// Phase orders stages from the outside in; the response passes the same
// phases in reverse.
type Phase int

// Phases. Within one, policies keep the order of the configuration; stages
// given in code come first, by name, and two of one name are an error.
const (
	Observe      Phase = 100  // correlation id, CORS, compression
	Guard        Phase = 200  // address lists, bounds, WAF, bots
	Authenticate Phase = 300  // who is calling
	Authorize    Phase = 400  // may they, and what may they see
	Limit        Phase = 500  // rate, quota, concurrency
	Cache        Phase = 600  // answers kept from before
	Transform    Phase = 700  // protocol, fields, masking, encryption
	Sanitize     Phase = 800  // nothing internal out, nothing hostile in
	Fallback     Phase = 900  // another upstream, a static answer
	Deadline     Phase = 1000 // the total one; between it and Retry, bulkheads
	Retry        Phase = 1100 // and hedge; what follows runs once for each attempt
	Protect      Phase = 1200 // breaker, deadline of one try
	Forward      Phase = 1300 // canary split, mirror, balance, send
)

// String returns the name of the phase, or its number between two of them.
func (p Phase) String() string {
	switch p {
	case Observe:
		return "observe"
	case Guard:
		return "guard"
	case Authenticate:
		return "authenticate"
	case Authorize:
		return "authorize"
	case Limit:
		return "limit"
	case Cache:
		return "cache"
	case Transform:
		return "transform"
	case Sanitize:
		return "sanitize"
	case Fallback:
		return "fallback"
	case Deadline:
		return "deadline"
	case Retry:
		return "retry"
	case Protect:
		return "protect"
	case Forward:
		return "forward"
	}
	return strconv.Itoa(int(p))
}
