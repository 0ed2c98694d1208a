package gatewaytest

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A stand is what a script is played against.
type stand interface {
	// file lays a file beside the configuration.
	file(name string, data []byte) error
	// configure applies a configuration; its error is the refusal.
	configure(name, data string) error
	// backend has h serve an upstream.
	backend(name string, h http.Handler) error
	// do serves one request.
	do(r *http.Request) Result
	// seen returns what came to the backends since it was called last.
	seen() []Seen
}

// play runs the steps. A configuration or a backend that cannot be had ends
// it; a request that is answered otherwise than expected does not.
func play(t testing.TB, steps []step, s stand) {
	t.Helper()
	for _, one := range steps {
		switch one := one.(type) {
		case *fileStep:
			must(t, s.file(one.name, one.data))
		case *configStep:
			one.play(t, s)
		case *backendStep:
			must(t, s.backend(one.name, one.handler()))
		case *waitStep:
			time.Sleep(one.wait)
		case *requestStep:
			one.play(t, s)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *configStep) play(t testing.TB, s stand) {
	t.Helper()
	err := s.configure(c.name, c.data)
	if len(c.faults) == 0 {
		if err != nil {
			t.Fatalf("the configuration is refused:\n%v", err)
		}
		return
	}
	if err == nil {
		t.Fatal("the configuration is taken, and should not be")
	}
	for _, fault := range c.faults {
		if !strings.Contains(err.Error(), fault) {
			t.Errorf("want a fault with %q among:\n%v", fault, err)
		}
	}
}

// handler gives the answers one after the other; the last one stays.
func (b *backendStep) handler() http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := min(int(n.Add(1)), len(b.answers)) - 1
		b.answers[i].serve(w, r)
	})
}

func (c canned) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if c.delay > 0 {
		select {
		case <-time.After(c.delay):
		case <-r.Context().Done():
			return
		}
	}
	if c.reset {
		panic(http.ErrAbortHandler)
	}
	for _, f := range c.fields {
		w.Header().Add(f.name, f.value)
	}
	w.WriteHeader(max(c.status, http.StatusOK))
	if c.echo {
		_, _ = w.Write(body)
	}
	_, _ = io.WriteString(w, c.body)
}

func (r *requestStep) play(t testing.TB, s stand) {
	t.Helper()
	req, err := r.request.make()
	if err != nil {
		t.Fatalf("request %d: %v", r.number, err)
	}
	s.seen() // what came before is not looked at any more
	got := s.do(req)
	for _, fault := range r.compare(got, s.seen()) {
		t.Errorf("request %d (%s): %s", r.number, r.request.line, fault)
	}
}

// make reads the request as a server would. The fields Client and Body-Length
// are not sent: they are the caller's address, and unknown for a body in
// chunks.
func (r *request) make() (*http.Request, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "%s HTTP/1.1\r\n", r.line)
	client, length := "192.0.2.1", fmt.Sprint(len(r.body))
	host := "example.com"
	for _, f := range r.fields {
		switch http.CanonicalHeaderKey(f.name) {
		case "Host":
			host = f.value
		case "Client":
			client = f.value
		case "Body-Length":
			length = f.value
		default:
			fmt.Fprintf(&text, "%s: %s\r\n", f.name, f.value)
		}
	}
	fmt.Fprintf(&text, "Host: %s\r\n", host)
	body := r.body
	switch {
	case length == "unknown":
		text.WriteString("Transfer-Encoding: chunked\r\n")
		body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	case body != "":
		fmt.Fprintf(&text, "Content-Length: %s\r\n", length)
	}
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text.String() + "\r\n" + body)))
	if err != nil {
		return nil, err
	}
	req.RemoteAddr = hostPort(client)
	return req, nil
}

func hostPort(client string) string {
	if strings.Contains(client, ":") && !strings.HasPrefix(client, "[") {
		client = "[" + client + "]"
	}
	return client + ":1234"
}

// compare returns what is not as it should be.
func (r *requestStep) compare(got Result, seen []Seen) []string {
	faults := r.response.compare(got)
	if r.route != nil && *r.route != got.Route {
		faults = append(faults, fmt.Sprintf("route is %q, not %q", got.Route, *r.route))
	}
	if r.decided {
		faults = append(faults, compareDecisions(r.decisions, got.Decisions)...)
	}
	if r.forwarded {
		faults = append(faults, compareSeen(r.upstream, seen)...)
	}
	return faults
}

// outcome writes a status with the code and the error behind it, where there
// are some.
func outcome(status int, code string, err error) string {
	text := strings.TrimSpace(fmt.Sprintf("%d %s", status, code))
	if err != nil {
		text += fmt.Sprintf(" (%v)", err)
	}
	return text
}

func (w *wantResponse) compare(got Result) []string {
	var faults []string
	if got.Status != w.status || (w.code != "" && w.code != got.Code) {
		faults = append(faults, fmt.Sprintf("status is %s, not %s", outcome(got.Status, got.Code, got.Err), outcome(w.status, w.code, nil)))
	}
	faults = append(faults, compareFields(w.fields, got.Header)...)
	return append(faults, w.body.compare(got.Body)...)
}

func compareFields(want []wantField, got http.Header) []string {
	var faults []string
	for _, f := range want {
		values := got.Values(f.name)
		joined := strings.Join(values, ", ")
		switch {
		case f.absent && len(values) > 0:
			faults = append(faults, fmt.Sprintf("%s is there: %s", f.name, joined))
		case f.absent:
		case len(values) == 0:
			faults = append(faults, f.name+" is missing")
		case f.pattern != nil && !f.pattern.MatchString(joined):
			faults = append(faults, fmt.Sprintf("%s is %q, which does not match %s", f.name, joined, f.pattern))
		case f.pattern == nil && joined != f.value:
			faults = append(faults, fmt.Sprintf("%s is %q, not %q", f.name, joined, f.value))
		}
	}
	return faults
}

func (b wantBody) compare(got string) []string {
	got = strings.TrimSuffix(got, "\n")
	switch {
	case !b.looked:
	case b.pattern != nil && !b.pattern.MatchString(got):
		return []string{fmt.Sprintf("body is %q, which does not match %s", got, b.pattern)}
	case b.pattern == nil && got != b.exact:
		return []string{fmt.Sprintf("body is %q, not %q", got, b.exact)}
	}
	return nil
}

// compareDecisions holds decisions to lines of stage, verdict and code. A line
// of three dots stands for any number of them.
func compareDecisions(want []string, got []pipeline.Decision) []string {
	var made []string
	for _, d := range got {
		made = append(made, strings.TrimSpace(fmt.Sprintf("%s %s %s", d.Stage, d.Verdict, d.Code)))
	}
	if matchLines(want, made) {
		return nil
	}
	return []string{fmt.Sprintf("decisions are\n\t%s\nnot\n\t%s", strings.Join(made, "\n\t"), strings.Join(want, "\n\t"))}
}

func matchLines(want, got []string) bool {
	switch {
	case len(want) == 0:
		return len(got) == 0
	case want[0] == "...":
		return matchLines(want[1:], got) || (len(got) > 0 && matchLines(want, got[1:]))
	case len(got) == 0:
		return false
	}
	return strings.Join(strings.Fields(want[0]), " ") == got[0] && matchLines(want[1:], got[1:])
}

func compareSeen(want []wantSeen, got []Seen) []string {
	if len(want) != len(got) {
		var lines []string
		for _, s := range got {
			lines = append(lines, s.Upstream+": "+s.Method+" "+s.Target)
		}
		return []string{fmt.Sprintf("the upstreams saw %d requests, not %d: %s", len(got), len(want), strings.Join(lines, "; "))}
	}
	var faults []string
	for i, w := range want {
		for _, fault := range w.compare(got[i]) {
			faults = append(faults, fmt.Sprintf("upstream, request %d: %s", i+1, fault))
		}
	}
	return faults
}

func (w *wantSeen) compare(got Seen) []string {
	var faults []string
	if w.name != "" && w.name != got.Upstream {
		faults = append(faults, fmt.Sprintf("it went to %s, not %s", got.Upstream, w.name))
	}
	if line := got.Method + " " + got.Target; line != w.line {
		faults = append(faults, fmt.Sprintf("it is %q, not %q", line, w.line))
	}
	header := got.Header.Clone()
	header.Set("Host", got.Host)
	faults = append(faults, compareFields(w.fields, header)...)
	return append(faults, w.body.compare(got.Body)...)
}
