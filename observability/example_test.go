package observability_test

import (
	"context"
	"fmt"
	"os"

	"github.com/seed-f9645bd3/gateway/observability"
)

func ExampleNewQueue() {
	q := observability.NewQueue(observability.WriteTo(os.Stdout), observability.Room(2, 1<<20))
	for i := range 3 {
		r := q.Record()
		r.Data = fmt.Appendf(r.Data, "record %d\n", i)
		q.Put(r)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // what was handed over is written all the same
	fmt.Println(q.Run(ctx), q.Dropped())
	// Output:
	// record 0
	// record 1
	// <nil> 1
}
