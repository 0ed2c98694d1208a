// Package standard holds every kind of the core module in one call, so that
// the root package stays light: whoever imports the root package alone links
// no policy that it does not name.
//
//	g, err := gateway.New(standard.Kinds(), ...)
package standard

import (
	"slices"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/authn/jwt"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/authz/environment"
	"github.com/seed-f9645bd3/gateway/authz/ipset"
	"github.com/seed-f9645bd3/gateway/authz/payload"
	"github.com/seed-f9645bd3/gateway/authz/rbac"
	"github.com/seed-f9645bd3/gateway/authz/scope"
	"github.com/seed-f9645bd3/gateway/authz/subscription"
	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/cache/memory"
	"github.com/seed-f9645bd3/gateway/observability/tracing"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/resilience"
	"github.com/seed-f9645bd3/gateway/transform"
	"github.com/seed-f9645bd3/gateway/transform/answer"
	"github.com/seed-f9645bd3/gateway/transform/compress"
	"github.com/seed-f9645bd3/gateway/transform/correlation"
	"github.com/seed-f9645bd3/gateway/transform/cors"
	"github.com/seed-f9645bd3/gateway/transform/fields"
	"github.com/seed-f9645bd3/gateway/transform/header"
	"github.com/seed-f9645bd3/gateway/transform/mask"
	"github.com/seed-f9645bd3/gateway/transform/problem"
)

// Kinds makes every kind of the core module known to a gateway, but for those
// of the names given: for who brings one of that name, such as
// tracing.Kind(tracing.Provider(p)).
func Kinds(without ...string) gateway.Option {
	return gateway.Kinds(slices.DeleteFunc(All(), func(k pipeline.AnyKind) bool {
		return slices.Contains(without, k.KindName())
	})...)
}

// All returns every kind of the core module: policies first, then what they
// are built of.
func All() []pipeline.AnyKind {
	return append(policies(), parts()...)
}

func policies() []pipeline.AnyKind {
	return []pipeline.AnyKind{
		authn.Kind(),
		authz.DenyKind(),
		authz.PublicKind(),
		cache.Kind(),
		answer.RedirectKind(),
		answer.RespondKind(),
		compress.Kind(),
		correlation.Kind(),
		environment.Kind(),
		fields.Kind(),
		ipset.Kind(),
		mask.Kind(),
		payload.Kind(),
		problem.Kind(),
		rbac.Kind(),
		scope.Kind(),
		cors.Kind(),
		header.Kind(),
		ratelimit.Kind(),
		ratelimit.InFlightKind(),
		ratelimit.UnitKind(),
		resilience.BreakerKind(),
		resilience.BulkheadKind(),
		resilience.FallbackKind(),
		resilience.RetryKind(),
		resilience.TimeoutKind(),
		subscription.Kind(),
		tracing.Kind(),
		transform.BodyKind(),
	}
}

func parts() []pipeline.AnyKind {
	return []pipeline.AnyKind{
		apikey.Kind(),
		jwt.Kind(),
		memory.Kind(),
		ratelimit.MemoryKind(),
		upstream.HashKind(),
		upstream.LeastConnectionsKind(),
		upstream.RandomTwoKind(),
		upstream.RoundRobinKind(),
	}
}
