package observability

import "context"

// A Runner is a recorder with a goroutine of its own. The gateway calls Run
// once, in a goroutine that it joins; ctx ends after the last exchange has been
// recorded. Run returns soon after that, with an error where something that was
// recorded could not be kept.
type Runner interface {
	Run(ctx context.Context) error
}

// A Forgetter is a recorder that holds state by the name of the route. The
// gateway calls Forget with each name that For was asked for, once no route of
// this name is served: it has left the configuration, or the update that
// brought it was refused. It does so from one goroutine at a time, while
// exchanges go on; those of the route itself may still end after it. Forget
// must not block. A route that comes back is asked for by For again, before it
// serves.
type Forgetter interface {
	Forget(route string)
}
