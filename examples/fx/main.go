// Command fx is a gateway in twenty lines, as an fx application.
package main

import (
	"time"

	"go.uber.org/fx"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/examples/hours"
	"github.com/seed-f9645bd3/gateway/registry/file"
	"github.com/seed-f9645bd3/gateway/standard"
)

func main() {
	fx.New(options()).Run()
}

func options() fx.Option {
	return fx.Options(
		gateway.Module(standard.Kinds(), gateway.Source(file.New("gateway.yaml")), gateway.Listen(":8080")),
		gateway.Provide(hours.New), // a policy of one's own; what it asks for comes from fx
		fx.Provide(hours.SystemClock),
		fx.StopTimeout(40*time.Second), // more than a drain takes
	)
}
