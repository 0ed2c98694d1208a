package edge_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/edge"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/stretchr/testify/require"
)

// refused renders p for a route of the protocol.
func refused(t testing.TB, protocol string, p *pipeline.Problem, fields http.Header) *writer {
	t.Helper()
	e, err := edge.New(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		x.Enter(&pipeline.Entry{Route: &registry.Route{Name: "r", Protocol: protocol}})
		return nil, p
	}, edge.Options{})
	require.NoError(t, err)
	w, r := &writer{header: http.Header{}}, plainRequest()
	for name, values := range fields {
		r.Header[name] = values
	}
	e.ServeHTTP(w, r)
	return w
}

func TestProblemsTakeTheFormOfTheProtocol(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		protocol    string
		fields      http.Header
		status      int
		contentType string
		body        string
	}{
		"of REST": {"rest", nil, 429, "application/problem+json",
			`{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"<Wait> 1%","code":"limited"}` + "\n"},
		"of none": {"", nil, 429, "application/problem+json",
			`{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"<Wait> 1%","code":"limited"}` + "\n"},
		"of GraphQL": {"graphql", nil, 429, "application/json",
			`{"errors":[{"message":"<Wait> 1%","extensions":{"code":"limited","status":429}}]}` + "\n"},
		"of GraphQL, in its newer type": {"graphql", http.Header{"Accept": {"application/graphql-response+json, */*"}}, 429, "application/graphql-response+json",
			`{"errors":[{"message":"<Wait> 1%","extensions":{"code":"limited","status":429}}]}` + "\n"},
		"of gRPC":                             {"grpc", http.Header{"Content-Type": {"application/grpc"}}, 200, "application/grpc", ""},
		"of a gRPC route, to who speaks none": {"grpc", nil, 429, "application/problem+json", `"code":"limited"`},
		"of gRPC, by content type":            {"rest", http.Header{"Content-Type": {"application/grpc+proto"}}, 200, "application/grpc+proto", ""},
		"of SOAP 1.1":                         {"soap", http.Header{"Content-Type": {"text/xml"}}, 429, "text/xml; charset=utf-8", "<faultcode>soap:Client</faultcode><faultstring>&lt;Wait&gt; 1%</faultstring>"},
		"of SOAP 1.2":                         {"soap", http.Header{"Content-Type": {"application/soap+xml"}}, 429, "application/soap+xml; charset=utf-8", "<soap:Value>soap:Sender</soap:Value>"},
		"of SOAP where nothing is said":       {"soap", nil, 429, "text/xml; charset=utf-8", "<code>limited</code>"},
		"of events, which is that of REST":    {"events", nil, 429, "application/problem+json", `"code":"limited"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := pipeline.Refuse(429, "limited", "<Wait> 1%").With("Retry-After", "7")
			w := refused(t, c.protocol, p, c.fields)
			require.Equal(t, c.status, w.status)
			require.Equal(t, c.contentType, w.header.Get("Content-Type"))
			require.Equal(t, "7", w.header.Get("Retry-After"))
			got := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(w.body.String())
			require.Contains(t, got, c.body)
			if strings.HasPrefix(c.contentType, "application/grpc") {
				require.Equal(t, "8", w.header.Get("Grpc-Status"))
				require.Equal(t, "<Wait> 1%25", w.header.Get("Grpc-Message"))
				require.Empty(t, got)
			}
		})
	}
}

func TestStatusesOfGRPC(t *testing.T) {
	t.Parallel()
	call := http.Header{"Content-Type": {"application/grpc"}}
	for status, want := range map[int]string{
		400: "3", 401: "16", 403: "7", 404: "5", 405: "12", 408: "4", 409: "10", 413: "8", 418: "2",
		422: "3", 429: "8", 431: "8", 500: "13", 501: "12", 502: "14", 503: "14", 504: "4", 508: "13",
	} {
		require.Equal(t, want, refused(t, "grpc", pipeline.Refuse(status, "code", ""), call).header.Get("Grpc-Status"), status)
	}
	require.Equal(t, "12", refused(t, "grpc", pipeline.Refuse(404, pipeline.CodeRouteUnknown, ""), call).header.Get("Grpc-Status"))
}

func TestAHeadHasNoBody(t *testing.T) {
	t.Parallel()
	s := serve(t, refuse(403, "no"), edge.Options{})
	get, body := do(t, request(t, http.MethodGet, s.URL, nil))
	head, none := do(t, request(t, http.MethodHead, s.URL, nil))
	require.Equal(t, int64(len(body)), get.ContentLength)
	require.Equal(t, get.ContentLength, head.ContentLength)
	require.Empty(t, none)
}

func FuzzProblems(f *testing.F) {
	f.Add("limited", "<Wait> 1%", "text/xml", "abc")
	f.Add("", "\xff\x00\r\n", "application/soap+xml", "\r\nX: y")
	f.Add("a\"b", "]]>\u2028é%", "application/grpc", "é")
	f.Fuzz(func(t *testing.T, code, detail, contentType, id string) {
		for _, protocol := range []string{"rest", "graphql", "grpc", "soap"} {
			p := pipeline.Refuse(403, code, detail).Because(errBackend).With("X-Extra", id)
			w := refused(t, protocol, p, http.Header{"Content-Type": {contentType}})
			for name, values := range w.header {
				for _, v := range values {
					require.NotContains(t, v, "\n", name)
					require.NotContains(t, v, "\r", name)
				}
			}
			body := w.body.String()
			require.True(t, utf8.ValidString(body))
			require.NotContains(t, body, errBackend.Error())
			switch got := w.header.Get("Content-Type"); {
			case strings.Contains(got, "json"):
				require.True(t, json.Valid(w.body.Bytes()))
			case strings.Contains(got, "xml"):
				wellFormed(t, body)
			}
		}
	})
}

func wellFormed(t *testing.T, doc string) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(doc))
	for {
		_, err := dec.Token()
		if err == io.EOF {
			return
		}
		require.NoError(t, err)
	}
}
