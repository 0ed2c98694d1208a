package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
)

// The two clients that speak HTTP/1.1 to backends. What the second makes of an
// answer is what the first is held to.
const (
	direct  = "direct"
	netHTTP = "net_http"
)

// Classes of outcomes beside the kinds of failure.
const (
	whole  = "whole"  // the answer came to its end
	breaks = "broken" // the head came, and the body broke
	tunnel = "tunnel" // protocols were switched
	gone   = "gone"   // no head came before the client went away
)

// An outcome is what became of one exchange.
type outcome struct {
	class    string // or the kind of failure
	sent     bool   // of a failure
	status   int
	length   int64
	header   http.Header
	trailer  http.Header
	body     string
	interims []string
	err      error // for who reads the failure of a test; never compared
}

// patience is how long an exchange of the proof may take: those that hang take
// as long.
const patience = 250 * time.Millisecond

// outcomeOf serves x and returns what became of it. The client goes away when
// limit is over.
func outcomeOf(t testing.TB, up *upstream.Upstream, x *pipeline.Exchange, l *link, limit time.Duration) outcome {
	t.Helper()
	ctx, leave := context.WithTimeout(t.Context(), limit)
	defer leave()
	resp, err := up.Serve(ctx, x)
	o := outcome{interims: l.told(), err: err}
	if err != nil {
		o.class, o.sent = classOf(ctx, err)
		return o
	}
	o.status, o.length, o.header = resp.StatusCode, resp.ContentLength, fieldsOf(resp.Header)
	o.read(resp)
	require.NotZero(t, resp.StatusCode)
	return o
}

func classOf(ctx context.Context, err error) (class string, sent bool) {
	var u *pipeline.UpstreamError
	var p *pipeline.Problem
	switch {
	case errors.As(err, &u):
		return u.Kind, u.Sent
	case errors.As(err, &p):
		return p.Code, false
	case ctx.Err() != nil:
		return gone, false
	}
	return "an error of no kind: " + err.Error(), false
}

// read reads the body, or says a line into the tunnel and reads what comes.
func (o *outcome) read(resp *http.Response) {
	o.class = whole
	if t, ok := resp.Body.(io.ReadWriter); ok && resp.StatusCode == http.StatusSwitchingProtocols {
		o.class = tunnel
		_, _ = io.WriteString(t, "ping\n")
	}
	var body strings.Builder
	_, err := io.Copy(&body, resp.Body)
	if err != nil {
		o.class, o.err = breaks, err
	}
	o.body = body.String()
	_ = resp.Body.Close() // what it has to say was said by Read
	o.trailer = trailersOf(resp.Trailer)
}

// fieldsOf returns the fields that pass a gateway: those of one hop left out,
// and names without values, which were announced and never came.
func fieldsOf(h http.Header) http.Header {
	fields := maps.Clone(h)
	maps.DeleteFunc(fields, func(name string, values []string) bool {
		return len(values) == 0 || slices.Contains([]string{
			"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		}, name)
	})
	if len(fields) == 0 {
		return nil
	}
	return fields
}

// trailersOf leaves out, too, what belongs into a head: the direct client drops
// it (RFC 9110 section 6.5.1), where net/http hands it on.
func trailersOf(h http.Header) http.Header {
	fields := maps.Clone(fieldsOf(h))
	for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Type", "Content-Range", "Host", "Set-Cookie"} {
		delete(fields, name)
	}
	if len(fields) == 0 {
		return nil
	}
	return fields
}

// told returns the 1xx responses that came.
func (l *link) told() (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, status := range l.interims {
		all = append(all, fmt.Sprint(status, " ", map[string][]string(fieldsOf(l.headers[i]))))
	}
	return all
}

// delivered reports whether the caller got a head.
func (o outcome) delivered() bool { return o.status != 0 }

// complete reports whether the caller took the answer for whole.
func (o outcome) complete() bool { return o.class == whole || o.class == tunnel }

func (o outcome) String() string {
	if !o.delivered() {
		return fmt.Sprintf("%s (sent %v, 1xx %v): %v", o.class, o.sent, o.interims, o.err)
	}
	return fmt.Sprintf("%s: %d length %d %v body %.200q trailer %v 1xx %v: %v",
		o.class, o.status, o.length, o.header, o.body, o.trailer, o.interims, o.err)
}

// same reports whether two deliveries are one answer.
func (o outcome) same(p outcome) bool {
	return o.status == p.status && o.length == p.length && o.body == p.body && slices.Equal(o.interims, p.interims) &&
		equalFields(o.header, p.header) && equalFields(o.trailer, p.trailer)
}

func equalFields(a, b http.Header) bool {
	return maps.EqualFunc(a, b, func(v, w []string) bool { return slices.Equal(v, w) })
}

// beginsLike reports whether o is the beginning of the answer p.
func (o outcome) beginsLike(p outcome) bool {
	return o.status == p.status && equalFields(o.header, p.header) && strings.HasPrefix(p.body, o.body)
}

// A rule says how far the direct client may be stricter than net/http.
type rule int

const (
	exact  rule = iota // not at all
	strict             // it refuses, as malformed, what net/http takes
	loose              // so it may, and what both refuse they may refuse each in its way
)

// judge compares what the direct client made of an answer with what net/http
// did. By no rule does it deliver as whole what net/http does not, or other
// bytes.
func (o outcome) judge(ref outcome, r rule) error {
	refuses := o.class == pipeline.UpstreamMalformed || o.class == breaks
	switch {
	case o.complete() && ref.complete() && !o.same(ref):
		return errors.New("both deliver, and not the same")
	case o.complete() && !ref.complete():
		return errors.New("what is broken is delivered as whole")
	case o.complete():
		return nil
	case ref.complete() && (r == exact || !refuses):
		return errors.New("what is whole is not delivered, and nothing says why not")
	case ref.complete():
		return nil
	case o.delivered() && ref.delivered() && !o.beginsLike(ref) && !ref.beginsLike(o):
		return errors.New("both break, and not the same")
	case r == loose, o.class == ref.class && o.sent == ref.sent:
		return nil
	}
	return errors.New("they fail in different ways")
}
