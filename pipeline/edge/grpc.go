package edge

import (
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// grpcStatus renders a trailers-only response: 200, no body, the status in the
// head.
func grpcStatus(x *pipeline.Exchange, p *pipeline.Problem) rendering {
	contentType := x.In.Header.Get("Content-Type") // the call's own flavour
	if !valid(contentType) {
		contentType = "application/grpc"
	}
	h := http.Header{
		"Grpc-Status":  {strconv.Itoa(grpcCode(p))},
		"Grpc-Message": {grpcMessage(message(p))},
	}
	return rendering{http.StatusOK, contentType, h, nil}
}

// grpcCode returns the gRPC status that comes closest.
func grpcCode(p *pipeline.Problem) int {
	switch p.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return 3 // INVALID_ARGUMENT
	case http.StatusUnauthorized:
		return 16 // UNAUTHENTICATED
	case http.StatusForbidden:
		return 7 // PERMISSION_DENIED
	case http.StatusNotFound:
		if p.Code == pipeline.CodeRouteUnknown {
			return 12 // UNIMPLEMENTED
		}
		return 5 // NOT_FOUND
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return 12 // UNIMPLEMENTED
	case http.StatusConflict:
		return 10 // ABORTED
	case http.StatusRequestEntityTooLarge, http.StatusTooManyRequests, http.StatusRequestHeaderFieldsTooLarge:
		return 8 // RESOURCE_EXHAUSTED
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		return 14 // UNAVAILABLE
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return 4 // DEADLINE_EXCEEDED
	}
	if p.Status >= 500 {
		return 13 // INTERNAL
	}
	return 2 // UNKNOWN
}

// grpcMessage percent-encodes what is no printable ASCII, and the percent sign.
func grpcMessage(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '%' {
			escape(&out, c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}
