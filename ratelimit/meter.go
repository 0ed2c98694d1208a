package ratelimit

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/ratelimit/internal/units"
)

// A meter counts the answer of one exchange and charges for it: while it is
// under way, and at the end of the exchange for all that is left. It is used on
// the goroutine of the exchange alone, but for Close of its body. What an answer
// came to is charged once: what may have been charged is not charged again.
type meter struct {
	policy *unitPolicy
	rules  *rules  // nil where nothing limits the caller
	rule   string  // the tightest limit
	by     Charger // who spent the reserve; nil where nobody counts

	counter  units.Counter
	bytes    int64
	form     units.Form
	estimate Estimate // zero where the answer is not estimated
	whole    bool     // its end was read

	charged int64 // so far, the reserve included
	lost    int64 // of that, what the limiter did not take
	left    int64 // what the limits had left when they were last asked
	next    time.Time
	owes    bool // a limit is used up, and the answer is to be cut
	cut     bool

	asks    []Ask
	results []Result
	usage   pipeline.Usage
	body    meteredBody

	askRoom    [inlineLimits]Ask
	resultRoom [inlineLimits]Result
}

const inlineLimits = 2

func newMeter(p *unitPolicy, r *rules) *meter {
	return &meter{policy: p, rules: r, usage: pipeline.Usage{Policy: p.name, Unit: p.unit}}
}

// admitted notes what was spent by s, and by whom.
func (m *meter) admitted(s *scratch) {
	by, ok := s.by.(Charger)
	if !ok {
		return // it fails, and on_error lets pass
	}
	m.by, m.charged, m.next = by, m.policy.reserve, time.Now().Add(m.policy.every)
	m.asks = append(m.askRoom[:0], s.asks...)
	m.results = append(m.resultRoom[:0], s.results...)
	m.look()
}

// look notes what the limits have left.
func (m *meter) look() {
	tightest, _ := tightestOf(m.results)
	m.rule, m.left = m.rules.names[tightest], m.results[tightest].Remaining
	m.owes = !m.results[tightest].Allowed
}

// watch has the body of the response counted.
func (m *meter) watch(resp *http.Response) error {
	if resp.Body == nil || resp.Body == http.NoBody || resp.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	if types := resp.Header["Content-Type"]; len(types) > 0 {
		m.form = units.FormOf(types[0])
	}
	encoded := encoded(resp.Header)
	if encoded && m.policy.unit == unitEvents && m.form != units.Opaque && m.form != units.Whole {
		return uncountable()
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		m.estimate = m.policy.estimate
	}
	if encoded {
		m.form, m.estimate.BytesPerToken = units.Opaque, min(m.estimate.BytesPerToken, 1)
	}
	m.counter.Reset(m.form, m.policy.paths)
	m.body = meteredBody{body: resp.Body, meter: m}
	resp.Body = &m.body
	return nil
}

func encoded(h http.Header) bool {
	for _, v := range h["Content-Encoding"] {
		if v != "" && !strings.EqualFold(v, "identity") {
			return true
		}
	}
	return false
}

func uncountable() error {
	return pipeline.Refuse(http.StatusBadGateway, CodeUncountable,
		"The backend's answer has a form that cannot be counted.").
		Because(errors.New("a stream that is encoded, though identity was asked for"))
}

// count counts what was read.
func (m *meter) count(p []byte) {
	m.bytes += int64(len(p))
	if m.policy.unit != unitBytes {
		m.counter.Write(p)
	}
}

// units returns what the answer came to so far. What it states counts when it
// is whole; before, the larger of that and the estimate, since it may state a
// part, or be left before it states anything.
func (m *meter) units() int64 {
	switch m.policy.unit {
	case unitBytes:
		return m.bytes
	case unitEvents:
		return m.counter.Events()
	}
	n, said := m.counter.Stated()
	if said && m.whole {
		m.usage.Estimated = false
		return n
	}
	e := m.estimated()
	m.usage.Estimated = !said || n < e
	return max(n, e)
}

func (m *meter) estimated() int64 {
	switch e := m.estimate; {
	case m.bytes == 0 || e.BytesPerToken == 0:
		return 0
	case e.PerAnswer > 0:
		return e.PerAnswer
	case m.form == units.Events || m.form == units.Lines:
		return m.counter.Events() * e.PerEvent
	default:
		return (m.bytes-1)/e.BytesPerToken + 1
	}
}

// due charges for what has passed, where it is time: after a while, or where
// more was used than there was.
func (m *meter) due() {
	if m.by == nil {
		return
	}
	pending := m.units() - m.charged
	if pending <= 0 {
		return
	}
	beyond := m.policy.cut && pending > m.left
	if now := time.Now(); beyond || !now.Before(m.next) {
		m.next = now.Add(m.policy.every)
		m.charge(pending)
	}
}

// charge charges n, or gives it back.
func (m *meter) charge(n int64) {
	for i := range m.asks {
		m.asks[i].N = n
	}
	// The end of an exchange charges for a client that has left.
	err := m.by.Charge(context.Background(), m.asks, m.results)
	switch {
	case err == nil:
		m.charged += n
		m.look()
	case m.policy.alone != nil && m.chargeAlone(n):
		m.charged += n
	case !errors.Is(err, ErrUncharged):
		m.charged += n // perhaps: not twice
		m.lost += n
	}
}

// chargeAlone charges the share of this instance, which counts while the store
// cannot.
func (m *meter) chargeAlone(n int64) bool {
	c, ok := m.policy.alone.(Charger)
	if !ok || c == m.by {
		return false
	}
	asks := slices.Clone(m.asks)
	for i := range asks {
		asks[i].Rate = m.rules.shares[i]
	}
	return c.Charge(context.Background(), asks, m.results) == nil
}

// End charges for all that is left, or gives back what was not used, and
// records what the exchange came to.
func (m *meter) End(x *pipeline.Exchange) {
	if m.whole {
		m.counter.End()
	}
	m.usage.N = m.units()
	if m.by != nil {
		m.settle(x)
	}
	x.Use(&m.usage)
}

func (m *meter) settle(x *pipeline.Exchange) {
	if left := m.usage.N - m.charged; left != 0 {
		m.charge(left)
	}
	if m.lost != 0 || m.charged != m.usage.N {
		x.Decide(pipeline.Decision{Stage: m.policy.name, Rule: m.rule, Verdict: pipeline.Warn, Code: CodeUncharged})
	}
	if m.cut {
		x.Decide(pipeline.Decision{Stage: m.policy.name, Rule: m.rule, Verdict: pipeline.Deny, Code: CodeSpent})
	}
}
