package resilience

import (
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

const protocolGRPC = "grpc"

func isGRPC(x *pipeline.Exchange) bool { return x.Route != nil && x.Route.Protocol == protocolGRPC }

// statusOf returns the status of an answer. Of a gRPC call that failed at once
// it is that of its outcome: on the wire it is a 200.
func statusOf(x *pipeline.Exchange, resp *http.Response) int {
	if isGRPC(x) && resp.StatusCode == http.StatusOK {
		return statusOfGRPC(resp.Header, http.StatusOK)
	}
	return resp.StatusCode
}

// statusOfGRPC returns the HTTP status that says what grpc-status does, and
// other where it says that all is well, nothing, or what the caller brings
// about: with DEADLINE_EXCEEDED, which a caller can ask for, it could open a
// breaker.
func statusOfGRPC(h http.Header, other int) int {
	if len(h["Grpc-Status"]) == 0 {
		return other
	}
	switch h["Grpc-Status"][0] {
	case "14": // UNAVAILABLE
		return http.StatusServiceUnavailable
	case "8": // RESOURCE_EXHAUSTED
		return http.StatusTooManyRequests
	case "2", "13", "15": // UNKNOWN, INTERNAL, DATA_LOSS
		return http.StatusInternalServerError
	}
	return other
}
