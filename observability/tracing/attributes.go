package tracing

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed-f9645bd3/gateway/observability"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Attributes by OpenTelemetry's semantic conventions of HTTP, and those of the
// gateway itself.
const (
	attrMethod     = attribute.Key("http.request.method")
	attrOriginal   = attribute.Key("http.request.method_original")
	attrResend     = attribute.Key("http.request.resend_count")
	attrStatus     = attribute.Key("http.response.status_code")
	attrRoute      = attribute.Key("http.route")
	attrScheme     = attribute.Key("url.scheme")
	attrPath       = attribute.Key("url.path")
	attrServer     = attribute.Key("server.address")
	attrServerPort = attribute.Key("server.port")
	attrClient     = attribute.Key("client.address")
	attrProtocol   = attribute.Key("network.protocol.version")
	attrAgent      = attribute.Key("user_agent.original")
	attrError      = attribute.Key("error.type")

	attrRouteName    = attribute.Key("gateway.route")
	attrAPI          = attribute.Key("gateway.api")
	attrEnvironment  = attribute.Key("gateway.environment")
	attrRequest      = attribute.Key("gateway.request_id")
	attrConsumer     = attribute.Key("gateway.consumer")
	attrSubscription = attribute.Key("gateway.subscription")
	attrPlan         = attribute.Key("gateway.plan")
	attrEndpoint     = attribute.Key("gateway.endpoint")

	attrSpent = "gateway.spent_us." // and the name of the stage

	eventDecision = "gateway.decision"
	attrStage     = attribute.Key("gateway.stage")
	attrVerdict   = attribute.Key("gateway.verdict")
	attrCode      = attribute.Key("gateway.code")
	attrRule      = attribute.Key("gateway.rule")
)

const (
	maxText    = 1024 // bytes of one attribute
	maxMethod  = 32
	statusGone = 499
)

// spanName is method and path template: few names, whatever callers ask for.
func spanName(x *pipeline.Exchange) string {
	if x.Route == nil || x.Route.Match.Path == "" {
		return method(x)
	}
	return method(x) + " " + x.Route.Match.Path
}

// method returns the method where it is one that everybody knows, and "HTTP"
// where it is not.
func method(x *pipeline.Exchange) string {
	if knownMethod(x.In.Method) {
		return x.In.Method
	}
	return "HTTP"
}

func knownMethod(m string) bool {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return true
	}
	return false
}

func appendMethod(all []attribute.KeyValue, m string) []attribute.KeyValue {
	if knownMethod(m) {
		return append(all, attrMethod.String(m))
	}
	return append(all, attrMethod.String("_OTHER"), attrOriginal.String(observability.Cut(m, maxMethod)))
}

func appendText(all []attribute.KeyValue, key attribute.Key, value string) []attribute.KeyValue {
	if value == "" {
		return all
	}
	return append(all, key.String(value))
}

// serverOptions holds what a sampler may decide by.
func (t *Tracer) serverOptions(x *pipeline.Exchange) []trace.SpanStartOption {
	all := appendMethod(make([]attribute.KeyValue, 0, 12), x.In.Method)
	all = appendText(all, attrScheme, x.Scheme)
	if x.In.URL != nil {
		all = appendText(all, attrPath, t.clean(x.In.URL.EscapedPath()))
	}
	host, port := split(x.In.Host)
	all = appendPort(appendText(all, attrServer, host), port)
	if x.Route != nil {
		all = appendText(all, attrRoute, x.Route.Match.Path)
	}
	if x.Client.IsValid() {
		all = append(all, attrClient.String(x.Client.Unmap().WithZone("").String()))
	}
	all = appendText(all, attrProtocol, protocol(x.In))
	if agent := x.In.Header["User-Agent"]; len(agent) > 0 {
		all = appendText(all, attrAgent, t.clean(agent[0]))
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(all...)}
	if !x.Start.IsZero() {
		options = append(options, trace.WithTimestamp(x.Start))
	}
	return options
}

// known holds what is known of the exchange at its end.
func (t *Tracer) known(x *pipeline.Exchange) []attribute.KeyValue {
	all := make([]attribute.KeyValue, 0, 8)
	if r := x.Route; r != nil {
		all = appendText(all, attrRoute, r.Match.Path)
		all = appendText(all, attrRouteName, r.Name)
		all = appendText(all, attrAPI, r.API)
	}
	all = appendText(all, attrEnvironment, x.Environment)
	all = appendText(all, attrRequest, x.ID)
	if id := x.Identity; id != nil {
		all = appendText(all, attrConsumer, id.Consumer)
	}
	if sub := x.Subscription; sub != nil {
		all = appendText(all, attrSubscription, sub.ID)
		if sub.Plan != nil {
			all = appendText(all, attrPlan, sub.Plan.Name)
		}
	}
	return all
}

func clientOptions(x *pipeline.Exchange, tried int) []trace.SpanStartOption {
	all := appendMethod(make([]attribute.KeyValue, 0, 3), x.In.Method)
	if tried > 0 {
		all = append(all, attrResend.Int(tried))
	}
	return []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(all...)}
}

// endpoint tells where an attempt went, without the user that an address may
// hold.
func endpoint(address string) []attribute.KeyValue {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil
	}
	u.User = nil
	all := []attribute.KeyValue{attrEndpoint.String(u.Scheme + "://" + u.Host), attrServer.String(u.Hostname())}
	return appendPort(all, u.Port())
}

func split(host string) (name, port string) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return host, ""
	}
	return name, port
}

func appendPort(all []attribute.KeyValue, port string) []attribute.KeyValue {
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		return append(all, attrServerPort.Int(int(n)))
	}
	return all
}

func protocol(in *http.Request) string {
	switch {
	case in.ProtoMajor == 0:
		return ""
	case in.ProtoMajor == 1:
		return "1." + strconv.Itoa(in.ProtoMinor)
	}
	return strconv.Itoa(in.ProtoMajor)
}

// statusOf returns the status that the edge makes of an error.
func statusOf(err error) int {
	var p *pipeline.Problem
	var u *pipeline.UpstreamError
	switch {
	case errors.As(err, &p):
		return p.Status
	case errors.Is(err, context.Canceled):
		return statusGone
	case errors.As(err, &u):
		return u.Status()
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}

// failure returns the type of an error, of a bounded set: the kind of an
// upstream's failure, or the code of a refusal.
func failure(err error) string {
	var u *pipeline.UpstreamError
	var p *pipeline.Problem
	switch {
	case errors.As(err, &p):
		return p.Code
	case errors.Is(err, context.Canceled):
		return pipeline.CodeClientGone
	case errors.As(err, &u):
		return u.Kind
	}
	return pipeline.Code(err)
}

func statusText(status int) string { return strconv.Itoa(status) }

// clean returns text from outside without secrets, bounded and in UTF-8.
func (t *Tracer) clean(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) > maxText {
		text = observability.Cut(text, maxText)
	}
	if t.redact.Clean(text) {
		return text
	}
	return string(t.redact.AppendText(nil, text, maxText))
}
