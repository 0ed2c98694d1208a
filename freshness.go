package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Staleness says what a gateway does about a source that it does not hear any
// more. What it serves then goes on being served, for as long as this allows.
type Staleness struct {
	// WarnAfter is after how long a silence the gateway warns: in its log, and
	// again each time that this has passed; 0 never.
	WarnAfter time.Duration
	// RefuseAfter is after how long a silence requests are refused, with 503 and
	// the code config_stale, and readiness goes off, until the source is heard
	// again; 0 never. What is open goes on.
	RefuseAfter time.Duration
}

// WhenStale sets what becomes of a gateway whose source is silent. Without it
// the gateway serves on, however long the silence is; how long that is can be
// seen either way. The source has to be a registry.Contacted, since the silence
// of any other says nothing.
func WhenStale(s Staleness) Option {
	return once("WhenStale", func(set *settings) error {
		set.stale = s
		return s.validate()
	})
}

func (s Staleness) validate() error {
	switch {
	case s.WarnAfter < 0 || s.RefuseAfter < 0:
		return errors.New("gateway: WhenStale wants no negative times")
	case s.RefuseAfter > 0 && s.WarnAfter > s.RefuseAfter:
		return errors.New("gateway: WhenStale would refuse before it warns")
	}
	return nil
}

// errMuteSource says that silence of the source means nothing.
var errMuteSource = errors.New("gateway: WhenStale wants a Source that tells when it was heard last: a registry.Contacted")

// freshness watches how long the source has been silent.
type freshness struct {
	Staleness
	source registry.Contacted // nil where the source cannot tell
	base   atomic.Pointer[time.Time]
	state  atomic.Int32
	judged sync.Mutex // one judgement at a time, so that they are told in their order
	logger *slog.Logger
	tell   func(action string)
}

// What freshness.state holds.
const (
	isFresh int32 = iota
	isStale
	isRefusing
)

func newFreshness(s *settings, tell func(action string)) (*freshness, error) {
	f := &freshness{Staleness: s.stale, logger: s.logger, tell: tell}
	f.source, _ = s.source.(registry.Contacted)
	if f.source == nil && s.stale != (Staleness{}) {
		return nil, errMuteSource
	}
	return f, nil
}

// since sets what counts until the source is heard for the first time: when the
// gateway began, or when the one was heard that it was started from. What a
// clock that ran ahead has written counts from now on, or there would be no
// silence until that time comes.
func (f *freshness) since(t time.Time) {
	if now := time.Now(); t.After(now) {
		t = now
	}
	f.base.Store(&t)
}

// heard returns when the source was heard last; the zero time where it cannot
// tell.
func (f *freshness) heard() time.Time {
	if f.source == nil {
		return time.Time{}
	}
	at := f.source.Contact()
	if base := f.base.Load(); base != nil && at.Before(*base) {
		at = *base
	}
	return at
}

// silence is how long ago that is.
func (f *freshness) silence() time.Duration {
	at := f.heard()
	if at.IsZero() {
		return 0
	}
	return max(time.Since(at), 0)
}

// refuses reports whether requests are refused. Where they are, it looks whether
// the source is heard again, so that the first request after that is served.
func (f *freshness) refuses() bool {
	switch {
	case f.state.Load() != isRefusing:
		return false
	case f.silence() >= f.RefuseAfter:
		return true
	}
	return f.judge() == isRefusing
}

// judge makes a state of the silence, and tells of each change once.
func (f *freshness) judge() int32 {
	f.judged.Lock()
	defer f.judged.Unlock()
	now, silence := isFresh, f.silence()
	switch {
	case f.RefuseAfter > 0 && silence >= f.RefuseAfter:
		now = isRefusing
	case f.WarnAfter > 0 && silence >= f.WarnAfter:
		now = isStale
	}
	if before := f.state.Swap(now); before != now {
		f.changed(now, silence)
	}
	return now
}

func (f *freshness) changed(now int32, silence time.Duration) {
	switch now {
	case isRefusing:
		f.warn(now, silence)
		f.tell(pipeline.ConfigRefusing)
	case isStale:
		f.warn(now, silence)
		f.tell(pipeline.ConfigStale)
	default:
		f.logger.Info("the source is heard again")
		f.tell(pipeline.ConfigFresh)
	}
}

// warn tells of a silence, and of what it comes to.
func (f *freshness) warn(now int32, silence time.Duration) {
	silence = silence.Round(time.Millisecond)
	if now == isRefusing {
		f.logger.Error("requests are refused: the source is silent", "silence", silence)
		return
	}
	f.logger.Warn("the source is silent; what it said last is served on", "silence", silence)
}

// watch judges again and again until ctx ends.
func (f *freshness) watch(ctx context.Context) {
	if f.Staleness == (Staleness{}) {
		return
	}
	warned := time.Now()
	for {
		before, now, silence := f.state.Load(), f.judge(), f.silence()
		switch {
		case now != before:
			warned = time.Now()
		case now != isFresh && f.WarnAfter > 0 && time.Since(warned) >= f.WarnAfter:
			warned = time.Now()
			f.warn(now, silence)
		}
		if pause(ctx, f.pause(silence)); ctx.Err() != nil {
			return
		}
	}
}

// pause is how long nothing can change, or a little, where something may.
func (f *freshness) pause(silence time.Duration) time.Duration {
	next := time.Second
	for _, after := range []time.Duration{f.WarnAfter, f.RefuseAfter} {
		if after == 0 {
			continue
		}
		next = min(next, max(after/4, time.Millisecond))
		if left := after - silence; left > 0 {
			next = min(next, left)
		}
	}
	return next
}

func (f *freshness) status() pipeline.FreshnessState {
	switch f.state.Load() {
	case isRefusing:
		return pipeline.Refusing
	case isStale:
		return pipeline.Stale
	}
	return pipeline.Fresh
}

// refuse is the refusal of an exchange by a gateway that knows too little.
func (f *freshness) refuse(x *pipeline.Exchange) *pipeline.Problem {
	x.Decide(pipeline.Decision{Stage: "config", Rule: "staleness", Verdict: pipeline.Deny, Code: pipeline.CodeConfigStale})
	return pipeline.Refuse(http.StatusServiceUnavailable, pipeline.CodeConfigStale, "The gateway does not know whether this is still served. Try again later.").
		With("Retry-After", "5")
}

// Freshness tells how old what is served may be. It takes no lock.
func (g *Gateway) Freshness() pipeline.Freshness {
	f := pipeline.Freshness{State: g.fresh.status(), Contact: g.fresh.heard(), Silence: g.fresh.silence().Seconds()}
	if t := g.table.Load(); t != nil {
		f.Version, f.Origin, f.Taken = t.snapshot.Version, string(t.origin), t.taken
	}
	return f
}
