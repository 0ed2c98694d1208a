package gatewaytest

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A step is one thing that a script does or expects.
type step any

type (
	// fileStep lays a file beside the configuration.
	fileStep struct {
		name string
		data []byte
	}
	// configStep applies a configuration; faults, where there are some, are
	// parts of the refusal that it must meet.
	configStep struct {
		name   string
		data   string
		faults []string
	}
	// backendStep says how a backend answers.
	backendStep struct {
		name    string
		answers []canned
	}
	// waitStep lets time pass.
	waitStep struct{ wait time.Duration }
	// requestStep sends a request and holds what becomes of it.
	requestStep struct {
		number    int
		request   request
		response  *wantResponse
		decisions []string // nil: not looked at
		decided   bool
		upstream  []wantSeen
		forwarded bool // upstream is looked at
		route     *string
	}
)

// request is a request as it is written in a script.
type request struct {
	line   string
	fields []field
	body   string
}

type field struct{ name, value string }

// canned is an answer of a backend.
type canned struct {
	status int
	fields []field
	body   string
	delay  time.Duration
	reset  bool
	echo   bool
}

// wantField is what a field is held to.
type wantField struct {
	name    string
	value   string
	pattern *regexp.Regexp
	absent  bool
}

// wantBody is what a body is held to; the zero value holds it to nothing.
type wantBody struct {
	looked  bool
	exact   string
	pattern *regexp.Regexp
}

type wantResponse struct {
	status int
	code   string
	fields []wantField
	body   wantBody
}

type wantSeen struct {
	name   string
	line   string
	fields []wantField
	body   wantBody
}

// parseScript reads the sections of a script into its steps.
func parseScript(script string) ([]step, error) {
	p := &scriptParser{}
	for _, s := range splitSections(script) {
		if err := p.section(s.name, s.data); err != nil {
			return nil, fmt.Errorf("line %d, section %q: %w", s.line, s.name, err)
		}
	}
	for _, s := range p.steps {
		if r, ok := s.(*requestStep); ok && r.response == nil {
			return nil, fmt.Errorf("request %d: want a response", r.number)
		}
	}
	if len(p.steps) == 0 {
		return nil, errors.New("there is nothing in it")
	}
	return p.steps, nil
}

type scriptParser struct {
	steps    []step
	requests int
}

func (p *scriptParser) section(name, data string) error {
	kind, rest, _ := strings.Cut(name, " ")
	rest = strings.TrimSpace(rest)
	switch kind {
	case "gateway.yaml", "gateway.json":
		p.steps = append(p.steps, &configStep{name: kind, data: data})
		return nil
	case "faults":
		return p.faults(data)
	case "backend":
		return p.backend(rest, data)
	case "wait":
		return p.wait(rest)
	case "request":
		return p.request(data)
	case "response":
		return p.response(data)
	case "route":
		return p.route(data)
	case "decisions":
		return p.decisions(data)
	case "upstream":
		return p.upstream(rest, data)
	}
	if !strings.Contains(kind, ".") {
		return errors.New("unknown section; a file needs a name with a dot")
	}
	p.steps = append(p.steps, &fileStep{name, []byte(data)})
	return nil
}

func (p *scriptParser) last() step {
	if len(p.steps) == 0 {
		return nil
	}
	return p.steps[len(p.steps)-1]
}

func (p *scriptParser) faults(data string) error {
	c, ok := p.last().(*configStep)
	if !ok {
		return errors.New("want it right behind a configuration")
	}
	if c.faults = lines(data); len(c.faults) == 0 {
		return errors.New("want at least one line")
	}
	return nil
}

func (p *scriptParser) wait(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return fmt.Errorf("want a duration behind it, such as wait 1s, not %q", text)
	}
	p.steps = append(p.steps, &waitStep{d})
	return nil
}

// backend adds an answer to those that stand right before it for the same
// backend.
func (p *scriptParser) backend(name, data string) error {
	if name == "" {
		return errors.New("want the name of an upstream behind it")
	}
	answer, err := parseCanned(data)
	if err != nil {
		return err
	}
	if b, ok := p.last().(*backendStep); ok && b.name == name {
		b.answers = append(b.answers, answer)
		return nil
	}
	p.steps = append(p.steps, &backendStep{name, []canned{answer}})
	return nil
}

func parseCanned(data string) (canned, error) {
	head, body, _ := headAndBody(data)
	first, rest, err := firstAndFields(head)
	if err != nil {
		return canned{}, err
	}
	c := canned{fields: rest, body: body}
	for i, word := range strings.Fields(first) {
		switch {
		case word == "reset":
			c.reset = true
		case word == "echo":
			c.echo = true
		case strings.HasPrefix(word, "after="):
			if c.delay, err = time.ParseDuration(strings.TrimPrefix(word, "after=")); err != nil {
				return canned{}, err
			}
		case i == 0:
			if c.status, err = parseStatus(word); err != nil {
				return canned{}, err
			}
		default:
			return canned{}, fmt.Errorf("want a status, reset, echo or after=DURATION, not %q", word)
		}
	}
	return c, nil
}

func parseStatus(word string) (int, error) {
	status, err := strconv.Atoi(word)
	if err != nil || status < 100 || status > 999 {
		return 0, fmt.Errorf("want a status, not %q", word)
	}
	return status, nil
}

func (p *scriptParser) request(data string) error {
	p.requests++
	head, body, _ := headAndBody(data)
	first, fields, err := firstAndFields(head)
	if err != nil {
		return err
	}
	if method, target, ok := strings.Cut(first, " "); !ok || method == "" || target == "" {
		return fmt.Errorf("want a method and a target, not %q", first)
	}
	p.steps = append(p.steps, &requestStep{number: p.requests, request: request{first, fields, body}})
	return nil
}

func (p *scriptParser) current() (*requestStep, error) {
	if r, ok := p.last().(*requestStep); ok {
		return r, nil
	}
	return nil, errors.New("want it behind a request")
}

func (p *scriptParser) response(data string) error {
	r, err := p.current()
	if err != nil {
		return err
	}
	if r.response != nil {
		return errors.New("the request has a response already")
	}
	first, fields, body, err := parseWant(data)
	if err != nil {
		return err
	}
	word, code, _ := strings.Cut(first, " ")
	status, err := parseStatus(word)
	r.response = &wantResponse{status, strings.TrimSpace(code), fields, body}
	return err
}

func (p *scriptParser) route(data string) error {
	r, err := p.current()
	name := strings.TrimSpace(data)
	if err == nil {
		r.route = &name
	}
	return err
}

func (p *scriptParser) decisions(data string) error {
	r, err := p.current()
	if err == nil {
		r.decided, r.decisions = true, lines(data)
	}
	return err
}

func (p *scriptParser) upstream(name, data string) error {
	r, err := p.current()
	if err != nil {
		return err
	}
	r.forwarded = true
	if name == "none" {
		return nil
	}
	first, fields, body, err := parseWant(data)
	if err != nil {
		return err
	}
	r.upstream = append(r.upstream, wantSeen{name, first, fields, body})
	return nil
}

// parseWant reads what a message is held to: its first line, fields, body.
func parseWant(data string) (first string, fields []wantField, body wantBody, err error) {
	head, text, found := headAndBody(data)
	all := lines(head)
	if len(all) == 0 {
		return "", nil, body, errors.New("want a first line")
	}
	for _, line := range all[1:] {
		f, err := parseWantField(line)
		if err != nil {
			return "", nil, body, err
		}
		fields = append(fields, f)
	}
	if !found {
		return all[0], fields, body, nil
	}
	body = wantBody{looked: true, exact: text}
	if pattern, ok := strings.CutPrefix(text, "~ "); ok {
		body.pattern, err = regexp.Compile("(?s)" + pattern)
	}
	return all[0], fields, body, err
}

func parseWantField(line string) (wantField, error) {
	if name, ok := strings.CutPrefix(line, "!"); ok {
		return wantField{name: strings.TrimSpace(name), absent: true}, nil
	}
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		return wantField{}, fmt.Errorf("want NAME: value, NAME~: pattern or !NAME, not %q", line)
	}
	f := wantField{name: strings.TrimSpace(name), value: strings.TrimSpace(value)}
	if name, ok := strings.CutSuffix(f.name, "~"); ok {
		pattern, err := regexp.Compile(f.value)
		if err != nil {
			return wantField{}, err
		}
		f.name, f.pattern = name, pattern
	}
	return f, nil
}

// headAndBody splits a message at its first empty line. The newline at the end
// of a section is not of the body.
func headAndBody(data string) (head, body string, found bool) {
	head, body, found = strings.Cut(data, "\n\n")
	if !found && strings.HasPrefix(data, "\n") {
		head, body, found = "", data[1:], true
	}
	return head, strings.TrimSuffix(body, "\n"), found
}

func firstAndFields(head string) (first string, fields []field, err error) {
	all := lines(head)
	if len(all) == 0 {
		return "", nil, errors.New("want a first line")
	}
	for _, line := range all[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return "", nil, fmt.Errorf("want NAME: value, not %q", line)
		}
		fields = append(fields, field{name, strings.TrimSpace(value)})
	}
	return all[0], fields, nil
}

// lines returns the lines that are not empty, without comments (#).
func lines(data string) []string {
	var all []string
	for line := range strings.Lines(data) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}
