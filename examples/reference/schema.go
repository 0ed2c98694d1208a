package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/seed-f9645bd3/gateway/standard"
)

// schema prints the JSON Schema of the configurations that serve and check
// take: they know the kinds of the core module.
func schema(args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		return usage(errors.New("schema takes no arguments"), stderr)
	}
	text, err := standard.Schema()
	if err == nil {
		_, err = stdout.Write(text)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}
