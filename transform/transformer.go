package transform

import (
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A Transformer changes the request on its way out and the response on its
// way back. It reads a body only as a stream, or within the bound it declares.
// Both methods are called from many goroutines at once.
//
// An error of Request refuses the exchange before anything is sent; an error
// of Response withholds the response, whose body Stage closes. Response is not
// called where the next handler returned an error.
type Transformer interface {
	Request(x *pipeline.Exchange) error
	Response(x *pipeline.Exchange, resp *http.Response) error
}

// A Varier is a Transformer that knows what of the caller its effect depends
// on; see pipeline.Stage. What a Transformer without it does is taken to depend
// on everything, so that no shared cache stands outside it.
type Varier interface {
	Vary(x *pipeline.Exchange) string
}
