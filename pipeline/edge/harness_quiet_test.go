package edge_test

import (
	"io"
	"log"
	"time"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// modified is when what the origin serves was last changed.
var modified = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
