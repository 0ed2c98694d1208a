// Package control is how the processes of a run talk: one says "ready" on its
// output, answers each line of its input by a line of JSON, and ends where its
// input does. Nothing of it is on the path of a request.
package control

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// A Place is where a contender listens and what it stands in front of.
type Place struct {
	H1, H2C string // its addresses for HTTP/1.1, and for HTTP/2 without TLS
	Backend string // the address of the backend
	Dir     string // where the key set is
}

// Args returns the place as arguments of a command.
func (p Place) Args() []string {
	return []string{"-h1", p.H1, "-h2c", p.H2C, "-backend", p.Backend, "-dir", p.Dir}
}

// ParsePlace reads what Args makes.
func ParsePlace(name string, args []string) (Place, error) {
	var p Place
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.StringVar(&p.H1, "h1", "", "address for HTTP/1.1")
	flags.StringVar(&p.H2C, "h2c", "", "address for HTTP/2 without TLS")
	flags.StringVar(&p.Backend, "backend", "", "address of the backend")
	flags.StringVar(&p.Dir, "dir", "", "folder of the key set")
	return p, flags.Parse(args)
}

// Answer says ready and answers lines until they end.
func Answer(in io.Reader, out io.Writer, answer func(line string) (any, error)) error {
	if _, err := fmt.Fprintln(out, "ready"); err != nil {
		return err
	}
	encode := json.NewEncoder(out)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		v, err := answer(lines.Text())
		if err == nil {
			err = encode.Encode(v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Contend answers the driver of a contender that serves already.
func Contend() error { return Answer(os.Stdin, os.Stdout, new(teller).tell) }

// Serve serves a handler at both addresses of a place with the servers of
// net/http, and answers the driver.
func Serve(p Place, h http.Handler) error {
	for addr, h2c := range map[string]bool{p.H1: false, p.H2C: true} {
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			return err
		}
		protocols := new(http.Protocols)
		protocols.SetHTTP1(!h2c)
		protocols.SetUnencryptedHTTP2(h2c)
		server := &http.Server{Handler: h, Protocols: protocols, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
		go func() {
			if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}()
	}
	return Contend()
}
