package mask

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/internal/jsonstream"
	"github.com/seed-f9645bd3/gateway/transform/internal/judge"
)

// Codes of decisions.
const (
	CodeMasked       = "masked"               // the answer was passed on masked
	CodeLifted       = "mask_lifted"          // the grant lifted the mask
	CodeNotJudgeable = judge.CodeNotJudgeable // 502: the answer was withheld or cut off
)

// A Masker masks JSON answers. It is a transform.Transformer.
type Masker struct {
	name    string
	rule    string
	program *jsonstream.Program
	scope   string
	pii     bool
	others  string
}

// New makes a Masker whose decisions bear the name.
func New(name string, c Config) (*Masker, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p, err := compile(c)
	if err != nil {
		return nil, err
	}
	rule := cmp.Or(c.With, redact)
	if c.KeepLast > 0 {
		rule = "keep_last:" + strconv.Itoa(c.KeepLast)
	}
	return &Masker{name: name, rule: rule, program: p, scope: c.UnlessScope, pii: c.UnlessPII, others: c.OtherTypes}, nil
}

// readers is the memory of all masks' readers; what it holds is never state. A
// pool for each route would be cold for most of many routes, and emptied by
// each collection.
var readers = jsonstream.NewPool()

func compile(c Config) (*jsonstream.Program, error) {
	var faults registry.Faults
	fields := paths(c.Fields, &faults)
	switch {
	case len(faults) > 0:
		return nil, faults.Err()
	case c.With == remove:
		return jsonstream.Remove(readers, fields)
	case c.With == null:
		return jsonstream.Replace(readers, fields, "null")
	case c.KeepLast > 0:
		return jsonstream.KeepLast(readers, fields, "***", c.KeepLast)
	}
	return jsonstream.Replace(readers, fields, `"***"`)
}

// lifted returns what lifts the mask for the caller; empty where nothing does.
func (m *Masker) lifted(g *pipeline.Grant) string {
	switch {
	case g == nil:
		return ""
	case m.scope != "" && slices.Contains(g.Scopes, m.scope):
		return "unless_scope"
	case m.pii && g.PII:
		return "unless_pii"
	}
	return ""
}

// Vary tells whether the mask is lifted: on nothing else of the caller does the
// answer depend.
func (m *Masker) Vary(x *pipeline.Exchange) string {
	if m.lifted(x.Grant) != "" {
		return "lifted"
	}
	return "masked"
}

// Request has the backend give what can be masked.
func (m *Masker) Request(x *pipeline.Exchange) error {
	if m.lifted(x.Grant) == "" {
		judge.Ask(x)
	}
	return nil
}

// Response masks the answer, or withholds it.
func (m *Masker) Response(x *pipeline.Exchange, resp *http.Response) error {
	if rule := m.lifted(x.Grant); rule != "" {
		x.Decide(pipeline.Decision{Stage: m.name, Rule: rule, Verdict: pipeline.Pass, Code: CodeLifted})
		return nil
	}
	altered, err := judge.Edit(x, resp, m.program, m.others)
	if altered {
		x.Decide(pipeline.Decision{Stage: m.name, Rule: m.rule, Verdict: pipeline.Alter, Code: CodeMasked})
	}
	return err
}
