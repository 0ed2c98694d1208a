package main

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/seed-f9645bd3/gateway/authn/apikey"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// key makes an API key, and the hash by which a configuration knows it.
func key(args []string, stdout, stderr io.Writer) int {
	var secret registry.Secret
	fs := flag.NewFlagSet("reference key", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // what Parse says is its error too
	fs.StringVar(&secret.Env, "secret-env", "", "environment `variable` that holds the secret of the policy api_key")
	fs.StringVar(&secret.File, "secret-file", "", "`file` that holds it")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			describe(fs, "key", stderr)
		}
		return usage(err, stderr)
	}
	if fs.NArg() > 0 || (secret.Env == "") == (secret.File == "") {
		return usage(errors.New("key wants either -secret-env NAME or -secret-file FILE"), stderr)
	}
	if err := makeKey(secret, stdout); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func makeKey(from registry.Secret, stdout io.Writer) error {
	secret, err := new(pipeline.Env).Secret(from)
	if err != nil {
		return err
	}
	if len(secret) < 16 {
		return fmt.Errorf("the secret has %d bytes; want 16 at the least", len(secret))
	}
	made, err := apikey.NewKey(nil)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "key   %s   for the consumer; it is not shown again\nhash  %s   for the configuration\n",
		made, apikey.Hash(secret, []byte(made)))
	return err
}
