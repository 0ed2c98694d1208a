package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/seed-f9645bd3/gateway/observability/audit"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// trailSettings are the flags of the audit trail.
type trailSettings struct {
	file    string
	keyFile string
	head    string
	all     bool
	durable bool
	block   bool
}

func (t *trailSettings) flags(fs *flag.FlagSet) {
	fs.StringVar(&t.file, "audit", t.file, "`file` to keep the audit trail in: denials, and what becomes of configurations")
	fs.StringVar(&t.keyFile, "audit-key-file", t.keyFile, "`file` of the key that the trail is made under, 16 bytes or more")
	fs.StringVar(&t.head, "audit-head", "", "`file` of the head of the trail (default beside the trail, .head at the end)")
	fs.BoolVar(&t.all, "audit-all", false, "record every exchange, not only denials")
	fs.BoolVar(&t.durable, "audit-durable", false, "an exchange ends only when its record is on the disk")
	fs.BoolVar(&t.block, "audit-block", false, "exchanges wait where there is no room for their record, which is dropped and counted otherwise")
}

func (t *trailSettings) validate() error {
	if (t.file == "") != (t.keyFile == "") {
		return errors.New("-audit and -audit-key-file go together")
	}
	if t.file == "" && (t.head != "" || t.all || t.durable || t.block) {
		return errors.New("-audit-head, -audit-all, -audit-durable and -audit-block want -audit")
	}
	return nil
}

// open opens the trail; nil where there is none.
func (t *trailSettings) open(stderr io.Writer) (*audit.Recorder, error) {
	if t.file == "" {
		return nil, nil
	}
	opts := []audit.Option{audit.Logger(newLogger(stderr))}
	if host, err := os.Hostname(); err == nil {
		opts = append(opts, audit.Instance(host))
	}
	for _, o := range []struct {
		on     bool
		option audit.Option
	}{{t.head != "", audit.Head(t.head)}, {t.all, audit.All()}, {t.durable, audit.Durable(0)}, {t.block, audit.Block()}} {
		if o.on {
			opts = append(opts, o.option)
		}
	}
	return audit.New(t.file, registry.Secret{File: t.keyFile}, opts...)
}

// verifying are the flags of audit verify.
type verifying struct {
	key  registry.Secret
	head string
	from uint64
	json bool
}

// auditing verifies a trail, and tells each fault with its place. The status is
// 0 for a trail that holds, and 1 for one that does not.
func auditing(args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "verify" {
		args = args[1:]
	} else if len(args) == 0 || args[0] != "-h" && args[0] != "-help" && args[0] != "--help" {
		return usage(errors.New("audit wants verify [flags] FILE"), stderr)
	}
	var v verifying
	fs := flag.NewFlagSet("reference audit verify", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // what Parse says is its error too
	fs.StringVar(&v.key.File, "key-file", "", "`file` of the key that the trail was made under")
	fs.StringVar(&v.key.Env, "key-env", "", "environment `variable` that holds it")
	fs.StringVar(&v.head, "head", "", "`file` of the head (default beside the trail, .head at the end)")
	fs.Uint64Var(&v.from, "from", 1, "`number` of the first record that has to be there; 0 for whichever is")
	fs.BoolVar(&v.json, "json", false, "tell it as JSON")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stderr, "usage: reference audit verify [flags] FILE\nThe files that FILE was rotated to are read before it.")
			fs.SetOutput(stderr)
			fs.PrintDefaults()
		}
		return usage(err, stderr)
	}
	if fs.NArg() != 1 || (v.key.Env == "") == (v.key.File == "") {
		return usage(errors.New("audit verify wants either -key-file FILE or -key-env NAME, and the file of the trail"), stderr)
	}
	report, err := v.verify(fs.Arg(0))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return v.tell(report, stdout)
}

func (v *verifying) verify(path string) (*audit.Report, error) {
	key, err := new(pipeline.Env).Secret(v.key)
	if err != nil {
		return nil, err
	}
	check := audit.Check{Key: key, From: v.from}
	if v.head != "" {
		if check.Head, err = os.ReadFile(v.head); err != nil {
			return nil, err
		}
	}
	return check.Files(path)
}

func (v *verifying) tell(r *audit.Report, stdout io.Writer) int {
	status := 0
	if r.Err() != nil {
		status = 1
	}
	if v.json {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		_ = encoder.Encode(r)
		return status
	}
	if status != 0 {
		fmt.Fprintln(stdout, r.Err())
	}
	fmt.Fprintf(stdout, "%d records hold, %d to %d; the head vouches for all up to %d; %d dropped for want of room, %d torn tails repaired\n",
		r.Records, r.First, r.Last, r.Anchored, r.Dropped, r.Repaired)
	if r.Headless > 0 {
		fmt.Fprintf(stdout, "%d times no head was found when a gateway began to write behind records: whether some were missing then nobody knows\n", r.Headless)
	}
	return status
}
