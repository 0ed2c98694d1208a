package edge

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A rendering is a Problem in the form of one protocol.
type rendering struct {
	status      int
	contentType string
	header      http.Header // further fields; may be nil
	body        []byte
}

// render makes the response that refuses x as p says. Nothing of the cause is
// in it.
func render(x *pipeline.Exchange, p *pipeline.Problem) *http.Response {
	p = sane(p)
	r := renderer(x)(x, p)
	h := http.Header{}
	maps.Copy(h, p.Header)
	maps.Copy(h, r.header)
	h.Set("Content-Type", r.contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	return &http.Response{
		StatusCode: r.status, Header: h, Request: x.In,
		Body: io.NopCloser(bytes.NewReader(r.body)), ContentLength: int64(len(r.body)),
	}
}

// sane returns p with a status that refuses.
func sane(p *pipeline.Problem) *pipeline.Problem {
	if p.Status >= 300 && p.Status < 600 {
		return p
	}
	return pipeline.Refuse(http.StatusInternalServerError, pipeline.CodeInternal, "")
}

// renderer picks the form: a gRPC call is known by its content type on any
// route, everything else by the protocol of the route. Whoever speaks no gRPC
// to a gRPC route would take its 200 for success, so gets problem+json.
func renderer(x *pipeline.Exchange) func(*pipeline.Exchange, *pipeline.Problem) rendering {
	contentType := x.In.Header.Get("Content-Type")
	if strings.HasPrefix(contentType, "application/grpc") {
		return grpcStatus
	}
	if x.Route != nil {
		switch x.Route.Protocol {
		case "graphql":
			return graphqlErrors
		case "soap":
			return soapFault
		}
	}
	return problemJSON
}

// problemJSON renders RFC 9457. The type is about:blank, so the title is the
// phrase of the status; what a program looks at is the code.
func problemJSON(x *pipeline.Exchange, p *pipeline.Problem) rendering {
	body := encode(struct {
		Type      string `json:"type"`
		Title     string `json:"title"`
		Status    int    `json:"status"`
		Detail    string `json:"detail,omitempty"`
		Code      string `json:"code,omitempty"`
		RequestID string `json:"request_id,omitempty"`
		TraceID   string `json:"trace_id,omitempty"`
	}{"about:blank", title(p), p.Status, p.Detail, p.Code, x.ID, x.TraceID})
	return rendering{p.Status, "application/problem+json", nil, body}
}

// graphqlErrors renders a request error of the GraphQL specification, over
// HTTP, with the status of the Problem.
func graphqlErrors(x *pipeline.Exchange, p *pipeline.Problem) rendering {
	type extensions struct {
		Code      string `json:"code,omitempty"`
		Status    int    `json:"status"`
		RequestID string `json:"request_id,omitempty"`
		TraceID   string `json:"trace_id,omitempty"`
	}
	type failure struct {
		Message    string     `json:"message"`
		Extensions extensions `json:"extensions"`
	}
	body := encode(map[string][]failure{"errors": {{message(p), extensions{p.Code, p.Status, x.ID, x.TraceID}}}})
	contentType := "application/json"
	if strings.Contains(strings.Join(x.In.Header["Accept"], ","), "application/graphql-response+json") {
		contentType = "application/graphql-response+json"
	}
	return rendering{p.Status, contentType, nil, body}
}

func encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil { // strings and numbers always encode
		return []byte("{}")
	}
	return append(body, '\n')
}

// title is the phrase of the status; every status has one.
func title(p *pipeline.Problem) string {
	if t := http.StatusText(p.Status); t != "" {
		return t
	}
	return "Refused"
}

// message is the one text of protocols that have one.
func message(p *pipeline.Problem) string {
	if p.Detail != "" {
		return p.Detail
	}
	return title(p)
}
