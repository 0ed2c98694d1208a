package transform

import (
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A Transformer changes the request on its way out and the response on its
// way back. It reads a body only as a stream, or within the bound it declares.
// Both methods are called from many goroutines at once.
type Transformer interface {
	Request(x *pipeline.Exchange) error
	Response(x *pipeline.Exchange, resp *http.Response) error
}
