package field

import (
	"net/http"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A Vary is a list of request fields that what is answered depends on.
type Vary struct {
	names  []string
	joined []string
}

// NewVary makes the list of names.
func NewVary(names ...string) Vary {
	return Vary{names: names, joined: []string{strings.Join(names, ", ")}}
}

// Mark adds the list to the Vary field of what will be answered: of the
// response where there is one, else of whatever the edge renders. What stands
// there already is not listed twice.
func (v Vary) Mark(x *pipeline.Exchange, resp *http.Response) {
	h := fields(x, resp)
	if len(h["Vary"]) == 0 {
		h["Vary"] = v.joined // shared, and replaced by whoever alters it
		return
	}
	all := strings.Join(h["Vary"], ", ")
	added := all
	for _, name := range v.names {
		if !listed(all, name) {
			added += ", " + name
		}
	}
	if added != all {
		h["Vary"] = []string{added}
	}
}

func fields(x *pipeline.Exchange, resp *http.Response) http.Header {
	if resp == nil {
		if x.Reply == nil {
			x.Reply = http.Header{}
		}
		return x.Reply
	}
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	return resp.Header
}

// listed reports whether the list holds the name, or everything.
func listed(list, name string) bool {
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.EqualFold(one, name) {
			return true
		}
	}
	return false
}
