package observability

import (
	"context"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

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

// A ConfigRecorder is a recorder that is told what becomes of configurations:
// that one was put in force, refused or rolled back, and that the source is
// silent or heard again. The gateway calls RecordConfig with one event at a
// time, in their order, from when it is made: before Run, too. It must not
// block.
type ConfigRecorder interface {
	RecordConfig(e pipeline.ConfigEvent)
}

// A Freshener is a recorder that tells how old the configuration is. The gateway
// calls Freshness once, when it is made, with a function that may be called at
// any time, from many goroutines at once, and does not block.
type Freshener interface {
	Freshness(f func() pipeline.Freshness)
}
