// Package subscription lets those call an API who have subscribed to it.
//
// It looks the subscription of the caller's consumer up in the Directory, for
// the API of the route and the environment of the gateway, and holds it to its
// state, its end and the networks that it may be used from. What passes finds
// the Subscription on the exchange, and its scopes as the Grant:
//
//	may, err := subscription.New(directory, subscription.Config{API: "orders/v1"})
//	stage := authz.Stage("subscription", may)
//
// A subscription that cannot be looked up refuses (503), as does everything
// else that is not a clear yes.
package subscription
