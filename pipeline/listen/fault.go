package listen

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A fault is why bytes are not read as a request. All are made once, below; as
// an error it is what a handler meets that reads the body.
type fault struct {
	status int
	code   string
	detail string
}

// Error returns status, code and detail.
func (f *fault) Error() string { return fmt.Sprintf("%d %s: %s", f.status, f.code, f.detail) }

// Timeout makes a body that comes too slowly a timeout of net.Error.
func (f *fault) Timeout() bool { return f.status == http.StatusRequestTimeout }

// Temporary is what net.Error asks for.
func (f *fault) Temporary() bool { return false }

// body renders the problem.
func (f *fault) body() []byte {
	body, err := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Code   string `json:"code"`
	}{"about:blank", http.StatusText(f.status), f.status, f.detail, f.code})
	if err != nil { // strings and numbers always encode
		return []byte("{}")
	}
	return append(body, '\n')
}

// response renders the problem as the last answer of a connection.
func (f *fault) response(now time.Time) []byte {
	body := f.body()
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: application/problem+json\r\n"+
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		f.status, http.StatusText(f.status), now.UTC().Format(http.TimeFormat), len(body), body)
}

func malformed(detail string) *fault {
	return &fault{http.StatusBadRequest, pipeline.CodeRequestMalformed, detail}
}

func framing(detail string) *fault { return &fault{http.StatusBadRequest, CodeFraming, detail} }

func badField(detail string) *fault {
	return &fault{http.StatusBadRequest, pipeline.CodeFieldRefused, detail}
}

func badHost(detail string) *fault {
	return &fault{http.StatusBadRequest, pipeline.CodeHostRefused, detail}
}

func badChunk(detail string) *fault {
	return &fault{http.StatusBadRequest, pipeline.CodeBodyMalformed, detail}
}

var (
	faultLineEnd   = malformed("A line of the head does not end with CRLF.")
	faultBlank     = malformed("More than one empty line comes before the request.")
	faultLine      = malformed("The request line is not a method, a target and a version with single spaces between.")
	faultMethod    = malformed("The method is not a token.")
	faultTarget    = malformed("The request target has none of the forms that a target may have.")
	faultVersion   = &fault{http.StatusHTTPVersionNotSupported, CodeVersionUnknown, "Only HTTP/1.1 and HTTP/1.0 are spoken here."}
	faultLineLong  = &fault{http.StatusRequestURITooLong, CodeTargetTooLong, "The request line is longer than allowed."}
	faultHeadLarge = &fault{http.StatusRequestHeaderFieldsTooLarge, CodeHeadTooLarge, "The head of the request is larger than allowed."}
	faultFields    = &fault{http.StatusRequestHeaderFieldsTooLarge, CodeHeadTooLarge, "The request has more fields than allowed."}
	faultHeadSlow  = &fault{http.StatusRequestTimeout, CodeHeadTimeout, "The head of the request did not come in time."}

	faultFold  = badField("A field is continued on the next line.")
	faultName  = badField("The name of a field is not a token followed by a colon.")
	faultValue = badField("The value of a field has a control character.")

	faultNoHost  = badHost("The request has no Host field.")
	faultTwoHost = badHost("The request has more than one Host field.")
	faultHost    = badHost("The host is not a name or address with an optional port.")

	faultLookalike  = framing("A field is named like Content-Length or Transfer-Encoding, but is not it.")
	faultTwoLengths = framing("The request has more than one Content-Length field.")
	faultLength     = framing("Content-Length is not a number of one to eighteen digits.")
	faultBoth       = framing("The request has both Content-Length and Transfer-Encoding.")
	faultTwoCodings = framing("The request has more than one Transfer-Encoding field.")
	faultOldCoding  = framing("HTTP/1.0 has no Transfer-Encoding.")
	faultCoding     = framing("Transfer-Encoding is not chunked.")
	faultUnknown    = &fault{http.StatusNotImplemented, CodeCodingUnknown, "Only the transfer coding chunked is known here."}

	faultChunkSize    = badChunk("The size of a chunk is not a number of one to sixteen hexadecimal digits.")
	faultChunkExt     = badChunk("The extensions of a chunk are longer than allowed, or have control characters.")
	faultChunkEnd     = badChunk("A chunk or its size does not end with CRLF.")
	faultTrailerName  = badField("A trailer has the name of a field that only a head may have.")
	faultTrailerLarge = &fault{http.StatusRequestHeaderFieldsTooLarge, CodeHeadTooLarge, "The trailers of the request are larger than allowed."}
	faultPreface      = malformed("HTTP/2 was agreed on, and is not spoken.")
	faultChatter      = &fault{http.StatusTooManyRequests, CodeFlood, "Frames that ask for nothing came faster than allowed."}
	faultResets       = &fault{http.StatusTooManyRequests, CodeFlood, "Streams were given up faster than allowed."}
	faultBlock        = &fault{http.StatusRequestHeaderFieldsTooLarge, CodeHeadTooLarge, "A head came in more frames or bytes than allowed."}

	faultBodySlow = &fault{http.StatusRequestTimeout, pipeline.CodeBodyTimeout, "The body of the request came too slowly."}
)
