// Package authz decides what a caller may do.
//
// An [Authorizer] answers for one rule; [AllOf] and [AnyOf] combine several,
// and [Stage] makes a stage of the whole:
//
//	may := authz.AllOf(subscribed, scoped)
//	stage := authz.Stage("orders", may)
//
// Whatever goes wrong refuses: an Answer that does not allow (403, or 404
// where the route's existence is not for the caller to know), an authorizer
// that fails or panics (503).
//
// A route has to say who may call it. [PublicKind] says everybody, [DenyKind]
// nobody; package subscription says those who have subscribed.
package authz
