package fields

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform/internal/judge"
)

// Codes of decisions.
const (
	CodeSelected      = "selected"               // the answer was passed on in part
	CodeLifted        = "select_lifted"          // the grant allows all of it
	CodeFieldsUnknown = "grant_fields_malformed" // fields of the grant are no paths; they select nothing
	CodeNotJudgeable  = judge.CodeNotJudgeable   // 502: the answer was withheld or cut off
)

// A Selector passes on the selected fields of JSON answers. It is a
// transform.Transformer.
type Selector struct {
	name     string
	programs *programs
	fixed    *program // nil: by grant
	scope    string
	others   string
}

// New makes a Selector whose decisions bear the name.
func New(name string, c Config) (*Selector, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Selector{name: name, programs: newPrograms(), scope: c.UnlessScope, others: c.OtherTypes}
	if c.By != byGrant {
		s.fixed = s.programs.compile(c.Fields)
	}
	return s, nil
}

// lifted returns what lets the caller see everything; empty where nothing does.
func (s *Selector) lifted(g *pipeline.Grant) string {
	switch {
	case g == nil:
		return ""
	case s.scope != "" && slices.Contains(g.Scopes, s.scope):
		return "unless_scope"
	case s.fixed == nil && g.AllFields:
		return "all_fields"
	}
	return ""
}

// Vary tells the fields that the caller may see: on nothing else of the caller
// does the answer depend. Each is written with its length, so that no list reads
// like another.
func (s *Selector) Vary(x *pipeline.Exchange) string {
	switch {
	case s.lifted(x.Grant) != "":
		return "lifted"
	case s.fixed != nil, x.Grant == nil:
		return "selected"
	}
	key := []byte("selected")
	for _, f := range x.Grant.Fields {
		key = strconv.AppendInt(append(key, ' '), int64(len(f)), 10)
		key = append(append(key, ':'), f...)
	}
	return string(key)
}

// Request has the backend give what can be selected from.
func (s *Selector) Request(x *pipeline.Exchange) error {
	if s.lifted(x.Grant) == "" {
		judge.Ask(x)
	}
	return nil
}

// Response selects from the answer, or withholds it.
func (s *Selector) Response(x *pipeline.Exchange, resp *http.Response) error {
	if rule := s.lifted(x.Grant); rule != "" {
		x.Decide(pipeline.Decision{Stage: s.name, Rule: rule, Verdict: pipeline.Pass, Code: CodeLifted})
		return nil
	}
	p, rule := s.program(x.Grant)
	altered, err := judge.Edit(x, resp, p.Program, s.others)
	if !altered {
		return err
	}
	if p.unknown {
		x.Decide(pipeline.Decision{Stage: s.name, Rule: rule, Verdict: pipeline.Warn, Code: CodeFieldsUnknown})
	}
	x.Decide(pipeline.Decision{Stage: s.name, Rule: rule, Verdict: pipeline.Alter, Code: CodeSelected})
	return nil
}

func (s *Selector) program(g *pipeline.Grant) (p *program, rule string) {
	switch {
	case s.fixed != nil:
		return s.fixed, "fields"
	case g == nil:
		return s.programs.of(nil), byGrant
	}
	return s.programs.of(g.Fields), byGrant
}
