package judge

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/internal/jsonstream"
)

// CodeNotJudgeable is the code of an answer that was withheld or cut off.
const CodeNotJudgeable = "response_not_judgeable" // 502

// Others are the choices of a setting other_types.
const (
	Refuse = "refuse"
	Pass   = "pass"
)

// ValidateOthers adds a fault where choice is none of other_types.
func ValidateOthers(faults *registry.Faults, choice string) {
	if choice != "" && choice != Refuse && choice != Pass {
		faults.Add("/other_types", "%w", registry.Unknown("choice", choice, []string{Refuse, Pass}))
	}
}

// Ask has the backend give what can be judged: the whole answer, not encoded,
// and not "not modified", since its ETag is not passed on. If-None-Match guards
// writes too, and stays there.
func Ask(x *pipeline.Exchange) {
	if asked := x.Values("Accept-Encoding"); len(asked) != 1 || asked[0] != "identity" {
		x.Set("Accept-Encoding", "identity")
	}
	without(x, "Range")
	without(x, "If-Range")
	if x.In.Method == http.MethodGet || x.In.Method == http.MethodHead {
		without(x, "If-None-Match")
	}
}

func without(x *pipeline.Exchange, field string) {
	if len(x.Values(field)) > 0 {
		x.Del(field)
	}
}

// Edit has the body of the response edited by p, and reports whether there is
// one. others is the setting other_types. The first read of a document is judged
// at once, so that a fault in it is a Problem; a later one breaks the body. Lines
// may be long in coming, and the head does not wait for the first of them.
func Edit(x *pipeline.Exchange, resp *http.Response, p *jsonstream.Program, others string) (bool, error) {
	if bodiless(x, resp) {
		if x.In.Method == http.MethodHead || resp.StatusCode == http.StatusNotModified {
			forget(resp)
		}
		return false, nil
	}
	f := formOf(resp)
	switch {
	case f == other && others == Pass, f == other && empty(resp):
		return false, nil
	case f == other || f == refused:
		return false, withheld(errNoJSON)
	}
	return edit(resp, p, f)
}

func edit(resp *http.Response, p *jsonstream.Program, f form) (bool, error) {
	var r *jsonstream.Reader
	if !pipeline.Wrap(resp, func(inner io.Reader) io.Reader {
		r = p.Over(inner, f.stream(), faulty)
		return r
	}) {
		return false, nil
	}
	if f == lines {
		return true, nil
	}
	if err := r.Begin(); err != nil {
		return false, broken(err)
	}
	return true, nil
}

var errNoJSON = errors.New("the answer is no whole, plain JSON")

func withheld(cause error) *pipeline.Problem {
	return pipeline.Refuse(http.StatusBadGateway, CodeNotJudgeable,
		"The backend's answer has a form that may not be passed on here.").Because(cause)
}

func faulty(fault *jsonstream.Fault) error { return withheld(fault) }

// broken is the error of an answer of which nothing was passed on.
func broken(err error) error {
	var problem *pipeline.Problem
	var upstream *pipeline.UpstreamError
	if errors.As(err, &problem) || errors.As(err, &upstream) || errors.Is(err, context.Canceled) {
		return err
	}
	return &pipeline.UpstreamError{Kind: pipeline.UpstreamReset, Sent: true, Err: err}
}

// bodiless reports whether the response can have no body.
func bodiless(x *pipeline.Exchange, resp *http.Response) bool {
	return resp.Body == nil || resp.Body == http.NoBody || x.In.Method == http.MethodHead ||
		resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified
}

// forget has the answer to HEAD, or a 304, say nothing that is not true of the
// edited answer to GET.
func forget(resp *http.Response) {
	resp.ContentLength = -1
	for _, field := range [...]string{
		"Content-Length", "Etag", "Digest", "Content-Digest", "Repr-Digest", "Content-Md5", "Accept-Ranges", "Content-Range",
	} {
		resp.Header.Del(field)
	}
}

// empty reports whether a body that is declared empty is.
func empty(resp *http.Response) bool {
	if resp.ContentLength != 0 || resp.StatusCode < 200 {
		return false
	}
	var one [1]byte
	n, err := resp.Body.Read(one[:])
	return n == 0 && err == io.EOF
}
