// Command bench measures what a request costs at the gateway, at the standard
// library's reverse proxy and at other gateways: README.md says how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/report"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/rounds"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is the driver, or one of the processes that it starts of this program.
func run(args []string) error {
	if len(args) > 1 {
		switch args[0] {
		case "contender":
			return contend(args[1], args[2:])
		case "backend":
			return serveBackend(args[1])
		case "load":
			return generate(args[1])
		}
	}
	return drive(args)
}

func drive(args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	count := flags.Int("rounds", 7, "how often each contender is measured in each workload")
	duration := flags.Duration("duration", 800*time.Millisecond, "how long each time")
	connections := flags.Int("connections", 32, "connections of the load; by HTTP/2, streams")
	contenders := flags.String("contenders", "", "names with commas between; all by default")
	workloads := flags.String("workloads", "", "names with commas between; all by default")
	calls := flags.Bool("strace", true, "count system calls in the end, where strace is installed")
	profiles := flags.String("profiles", "", "folder for a CPU profile and the allocations of each contender in each workload, in loads that are not timed")
	out := flags.String("out", "results.md", "file for the tables; where it holds the marks, what is between them is replaced. The plot is put beside it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	plan := rounds.Plan{
		Rounds: *count, Duration: *duration, Connections: *connections, Calls: *calls, Profiles: *profiles,
		Log: log.New(os.Stderr, "", log.Ltime),
	}
	if *count < 1 || *duration <= 0 || *connections < 1 || flags.NArg() > 0 {
		return fmt.Errorf("rounds, duration and connections are positive, and nothing stands behind the flags; got %q", args)
	}
	var err error
	if plan.Contenders, err = rounds.Choose(split(*contenders)); err != nil {
		return err
	}
	if plan.Workloads, err = chosen(split(*workloads)); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	plan.Log.Printf("this takes about %v, and starting", plan.Estimate().Round(time.Second))
	results, err := plan.Run(ctx)
	if results == nil {
		return err
	}
	results.Machine = machine()
	return errors.Join(write(results, *out), err)
}

func split(names string) []string {
	return strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' })
}

func chosen(names []string) ([]traffic.Workload, error) {
	if len(names) == 0 {
		return traffic.Workloads(), nil
	}
	var out []traffic.Workload
	for _, name := range names {
		w, err := traffic.Find(name)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// machine describes what was measured on.
func machine() string {
	model := runtime.GOARCH
	text, _ := os.ReadFile("/proc/cpuinfo")
	for l := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(l, ":"); found && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d cores, %s, %s", model, runtime.NumCPU(), runtime.GOOS, runtime.Version())
}

// write prints the tables and puts them and the plot where they belong.
func write(r *report.Results, out string) error {
	plot := strings.TrimSuffix(out, filepath.Ext(out)) + ".svg"
	text := r.Markdown(filepath.Base(plot))
	fmt.Print(text)
	page, err := os.ReadFile(out)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return errors.Join(
		os.WriteFile(out, []byte(report.Into(string(page), text)), 0o644),
		os.WriteFile(plot, []byte(r.Plot()), 0o644),
	)
}
