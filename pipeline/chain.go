package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// Sort puts stages in the order of their phases, from the outside in; stages
// of one phase keep their order.
func Sort(stages []Stage) {
	slices.SortStableFunc(stages, func(a, b Stage) int { return cmp.Compare(a.Phase, b.Phase) })
}

// Introduce calls Inner of each stage that has it, and returns what they object
// to. stages are in their order, from the outside in.
func Introduce(stages []Stage) error {
	var errs []error
	for i, s := range stages {
		if s.Inner == nil {
			continue
		}
		if err := s.Inner(stages[i+1:]); err != nil {
			errs = append(errs, fmt.Errorf("stage %q: %w", s.Name, err))
		}
	}
	return errors.Join(errs...)
}

// Chain folds stages, in their order from the outside in, around last. Where a
// stage has Inner, Introduce comes first. A
// Problem that a stage returns is recorded as the denial of that stage, unless
// the stage has recorded one itself. A Wrap that returns no handler panics here,
// where the route is compiled, and not in each of its exchanges.
func Chain(last Handler, stages ...Stage) Handler {
	h := owned(last)
	for _, s := range slices.Backward(stages) {
		wrapped := s.Wrap(h)
		if wrapped == nil {
			panic(fmt.Sprintf("pipeline: Wrap of stage %q returned no handler", s.Name))
		}
		h = within(s.Name, wrapped)
	}
	return h
}

// within runs h as the stage of this name: it has the time that passes told
// for the stage, and records the Problem that h returns as a denial by it. A
// Problem travels outwards through the other stages; the innermost one made it.
// A stage that has decided with the code of its Problem has told it already, by
// whatever verdict: what a backend refused was denied by no stage.
func within(stage string, h Handler) Handler {
	return func(ctx context.Context, x *Exchange) (*http.Response, error) {
		if x.observed {
			return x.observe(ctx, &stage, h)
		}
		resp, err := h(ctx, x)
		if err != nil {
			x.denied(stage, err)
		}
		return resp, err
	}
}

// observe is within for an exchange that is timed or watched.
func (x *Exchange) observe(ctx context.Context, stage *string, h Handler) (resp *http.Response, err error) {
	timed := x.timed()
	var before uint8
	if timed {
		before = x.turn(x.clock.slot(stage))
	}
	if x.watcher != nil {
		resp, err = watched(ctx, x, *stage, h)
	} else if resp, err = h(ctx, x); err != nil {
		x.denied(*stage, err)
	}
	if timed {
		x.turn(before)
	}
	return resp, err
}

func (x *Exchange) denied(stage string, err error) {
	var p *Problem
	if !errors.As(err, &p) || p == x.refusal {
		return
	}
	if p.Stage != "" && p.Stage != stage {
		return // that one tells it
	}
	x.refusal = p
	if ds := x.Decisions(); len(ds) > 0 {
		if last := ds[len(ds)-1]; last.Stage == stage && (last.Verdict == Deny || last.Code == p.Code) {
			return
		}
	}
	x.Decide(Decision{Stage: stage, Verdict: Deny, Code: p.Code})
}
