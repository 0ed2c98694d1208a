// Command plain is a gateway in twenty lines, without fx.
package main

import (
	"context"
	"log"
	"os/signal"
	"syscall"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/registry/file"
	"github.com/seed-f9645bd3/gateway/standard"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	g, err := gateway.New(standard.Kinds(), gateway.Source(file.New("gateway.yaml")), gateway.Listen(":8080"))
	if err == nil {
		err = g.Run(ctx) // loads, listens, follows the file, drains
	}
	if err != nil {
		log.Fatal(err)
	}
}
