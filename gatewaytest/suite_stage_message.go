package gatewaytest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

func stageKeepsIn(t testing.TB, s stageSubject) {
	t.Helper()
	for _, body := range []string{"", "name=value"} {
		method := http.MethodGet
		var opts []Option
		if body != "" {
			method = http.MethodPost
			opts = []Option{Body(body), Header("Content-Type", "application/x-www-form-urlencoded")}
		}
		x := s.exchange(method, "/things/1?x=1;y=2&z=%41", opts...)
		before := look(x.In)
		Run(t, s.make(t), x, Next(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
			out := x.Out(ctx)
			_, err := io.Copy(io.Discard, out.Body)
			if err != nil {
				return nil, err
			}
			return answerOK(ctx, x)
		}))
		if after := look(x.In); after != before {
			t.Errorf("the request was altered:\n%s\nfrom\n%s", after, before)
		}
	}
}

// look writes down what of a request nobody may alter, with what stands
// behind the values of its fields.
func look(r *http.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s host %s length %d\n", r.Method, r.URL.RequestURI(), r.URL.Path, r.Host, r.ContentLength)
	for _, field := range slices.Sorted(maps.Keys(r.Header)) {
		values := r.Header[field]
		fmt.Fprintf(&b, "%s: %q\n", field, values[:cap(values)])
	}
	return b.String()
}

func stageKeepsResponseValues(t testing.TB, s stageSubject) {
	t.Helper()
	shared := http.Header{
		"Content-Type": {"application/json"}, "Cache-Control": {"max-age=60"}, "Vary": {"Accept"},
		"Link": {"<a>; rel=b"}, "Server": {"s"}, "Etag": {`"e"`},
	}
	for field, values := range shared {
		shared[field] = roomy(values)
	}
	before := look(&http.Request{URL: s.exchange("GET", "/").In.URL, Header: shared})
	Run(t, s.make(t), s.exchange(http.MethodGet, "/things/1"),
		Next(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
			resp := pipeline.Respond(x, http.StatusOK, "", []byte(`{"a":1}`))
			resp.Header = maps.Clone(shared)
			return resp, nil
		}))
	if after := look(&http.Request{URL: s.exchange("GET", "/").In.URL, Header: shared}); after != before {
		t.Errorf("values that others share were written into:\n%s\nfrom\n%s", after, before)
	}
}

func stageClosesOnce(t testing.TB, s stageSubject) {
	t.Helper()
	for _, status := range []int{200, 201, 302, 404, 500, 503} {
		var mu sync.Mutex
		var probes []*probe
		stage := s.make(t)
		Run(t, stage, s.exchange(http.MethodGet, "/things/1"),
			Next(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
				p := newProbe(`{"a":1}`)
				mu.Lock()
				probes = append(probes, p)
				mu.Unlock()
				resp := pipeline.Respond(x, status, "application/json", nil)
				resp.Body, resp.ContentLength = p, 7
				return resp, nil
			}))
		for _, p := range probes {
			p.closedOnce(t, fmt.Sprintf("the body of a %d", status))
		}
	}
}

func stageWithoutBody(t testing.TB, s stageSubject) {
	t.Helper()
	tests := []struct {
		method string
		status int
	}{{http.MethodHead, 200}, {http.MethodHead, 404}, {http.MethodGet, 204}, {http.MethodGet, 304}}
	for _, test := range tests {
		var reached atomic.Int32
		p := newProbe("")
		x := s.exchange(test.method, "/things/1")
		resp := head(t, t.Context(), pipeline.Chain(answering(&reached, test.status, p), s.make(t)), x, &reached)
		body, err := readAll(t, resp.Body)
		if body != "" || err != nil {
			t.Errorf("%s with %d has the body %q, and ends with %v", test.method, test.status, body, err)
		}
		_ = resp.Body.Close()
		finish(t, x)
		p.closedOnce(t, fmt.Sprintf("the body of %s with %d", test.method, test.status))
	}
}

func stageTunnel(t testing.TB, s stageSubject) {
	t.Helper()
	tun := &tunnel{probe: newProbe("from the backend")}
	var reached atomic.Int32
	x := s.exchange(http.MethodGet, "/things/1", Upgrade("websocket"))
	h := pipeline.Chain(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		reached.Add(1)
		resp := pipeline.Respond(x, http.StatusSwitchingProtocols, "", nil)
		resp.Header.Set("Connection", "Upgrade")
		resp.Header.Set("Upgrade", "websocket")
		resp.Body = tun
		return resp, nil
	}, s.make(t))
	resp := head(t, t.Context(), h, x, &reached)
	defer finish(t, x)
	if resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Upgrade") != "websocket" {
		t.Fatalf("101 became %d with the fields %v", resp.StatusCode, resp.Header)
	}
	rw, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		t.Fatalf("the tunnel became a %T, which cannot be written to", resp.Body)
	}
	if _, err := io.WriteString(rw, "from the client"); err != nil || tun.got() != "from the client" {
		t.Errorf("the backend got %q, and the client was told %v", tun.got(), err)
	}
	if got, err := readAll(t, rw); got != "from the backend" || err != nil {
		t.Errorf("the client got %q, and then %v", got, err)
	}
	_ = rw.Close()
	tun.closedOnce(t, "the tunnel")
}

func stageTrailers(t testing.TB, s stageSubject) {
	t.Helper()
	var reached atomic.Int32
	p := newProbe("hello")
	x := s.exchange(http.MethodGet, "/things/1")
	resp := head(t, t.Context(), pipeline.Chain(func(ctx context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp, err := answering(&reached, http.StatusOK, p)(ctx, x)
		p.atEnd = func() { resp.Trailer = http.Header{"X-Sum": {"5"}} }
		return resp, err
	}, s.make(t)), x, &reached)
	defer finish(t, x)
	if _, err := readAll(t, resp.Body); err != nil {
		t.Fatalf("read the body: %v", err)
	}
	if got := resp.Trailer.Get("X-Sum"); got != "5" {
		t.Errorf("the trailer is %q, not 5: is the response a copy?", got)
	}
	_ = resp.Body.Close()
}

func stageForgets(t testing.TB, s stageSubject) {
	t.Helper()
	const content = `{"a": 1, "b": "some text of a backend"}`
	var resp *http.Response
	watch := pipeline.Stage{Name: "watch", Wrap: func(next pipeline.Handler) pipeline.Handler {
		return func(ctx context.Context, x *pipeline.Exchange) (r *http.Response, err error) {
			resp, err = next(ctx, x)
			return resp, err
		}
	}}
	stage := s.make(t)
	watch.Phase = stage.Phase
	fields := map[string]string{
		"Etag": `"strong"`, "Content-Length": fmt.Sprint(len(content)), "Content-Digest": "sha-256=:x:",
		"Repr-Digest": "sha-256=:x:", "Digest": "sha-256=x", "Content-Md5": "x",
	}
	got := RunChain(t, []pipeline.Stage{watch, stage}, s.exchange(http.MethodGet, "/things/1"),
		Next(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
			resp := pipeline.Respond(x, http.StatusOK, "application/json", []byte(content))
			for field, value := range fields {
				resp.Header.Set(field, value)
			}
			return resp, nil
		}))
	if resp == nil || got.Err != nil {
		t.Skip("the stage refuses")
	}
	if n := resp.ContentLength; n >= 0 && n != int64(len(got.Body)) {
		t.Errorf("%d bytes are announced, and %d come", n, len(got.Body))
	}
	if got.Body == content {
		return
	}
	for field, value := range fields {
		if got.Header.Get(field) == value {
			t.Errorf("the body was changed, and %s is still %s", field, value)
		}
	}
}
