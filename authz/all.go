package authz

import (
	"context"
	"slices"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// AllOf allows what every authorizer allows, asked in turn until one does not.
// What is granted is what all of those that grant anything grant. AllOf of none
// denies.
func AllOf(as ...Authorizer) Authorizer { return allOf(as) }

type allOf []Authorizer

func (all allOf) Authorize(ctx context.Context, x *pipeline.Exchange) (Answer, error) {
	var sum Answer
	for i, a := range all {
		one, err := a.Authorize(ctx, x)
		if err != nil || !one.Allow {
			return one, err
		}
		if i == 0 {
			sum = one
			continue
		}
		sum.Grant = Intersect(sum.Grant, one.Grant)
		sum.TTL = min(sum.TTL, one.TTL)
	}
	return sum, nil
}

// Intersect returns what both grant. A nil grant leaves the other as it is:
// it belongs to an authorizer that says nothing about what may be seen.
func Intersect(a, b *pipeline.Grant) *pipeline.Grant {
	switch {
	case a == nil:
		return b
	case b == nil || a == b:
		return a
	}
	both := &pipeline.Grant{
		Scopes:    common(a.Scopes, b.Scopes),
		AllFields: a.AllFields && b.AllFields,
		PII:       a.PII && b.PII,
	}
	switch {
	case a.AllFields:
		both.Fields = b.Fields
	case b.AllFields:
		both.Fields = a.Fields
	default:
		both.Fields = common(a.Fields, b.Fields)
	}
	return both
}

func common(a, b []string) []string {
	var both []string
	for _, s := range a {
		if slices.Contains(b, s) {
			both = append(both, s)
		}
	}
	return both
}
