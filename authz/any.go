package authz

import (
	"context"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// AnyOf allows what any authorizer allows, asked in turn until one does. Where
// none does, it fails if any of them failed, and otherwise answers as the first
// one did, hidden if any would hide. AnyOf of none denies.
func AnyOf(as ...Authorizer) Authorizer { return anyOf(as) }

type anyOf []Authorizer

func (these anyOf) Authorize(ctx context.Context, x *pipeline.Exchange) (Answer, error) {
	var denial Answer
	var failure error
	for i, a := range these {
		one, err := a.Authorize(ctx, x)
		switch {
		case err != nil:
			failure = err
			continue
		case one.Allow:
			return one, nil
		}
		denial = fold(denial, one, i == 0)
	}
	if failure != nil {
		return Answer{}, failure
	}
	return denial, nil
}

// fold adds one denial to those before it.
func fold(sum, one Answer, isFirst bool) Answer {
	if isFirst {
		return one
	}
	sum.Hide = sum.Hide || one.Hide
	sum.TTL = min(sum.TTL, one.TTL)
	return sum
}
