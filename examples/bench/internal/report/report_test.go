package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/procs"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/report"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
)

// results are three rounds, of which the second was slow for all.
func results() *report.Results {
	r := &report.Results{
		Rounds: 3, Duration: time.Second, Connections: 32, Machine: "a machine", Skipped: []string{"caddy"},
		Contenders: []report.Contender{{"bare", "ReverseProxy"}, {"gateway_pass", "gateway <pass>"}, {"nginx", "nginx"}},
		Workloads:  traffic.Workloads()[:1],
		Calls:      []report.Calls{{Contender: "gateway_pass", Workload: "get_1k", PerRequest: procs.PerRequest{Read: 3.1, Recv: 1, Write: 2}}},
	}
	for round, slow := range []float64{1, 3, 1} {
		for name, cpu := range map[string]float64{"bare": 100, "gateway_pass": 60, "nginx": 25} {
			r.Cells = append(r.Cells, report.Cell{Contender: name, Workload: "get_1k", Round: round, Requests: 1000, CPU: cpu * slow, Allocations: 33, P50: time.Millisecond, P99: 2 * time.Millisecond})
		}
	}
	return r
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	text := results().Markdown("plot.svg")
	require.Contains(t, text, "| gateway <pass> | 60.0 | 60.0 to 120.0 | 100.0 | 0.60 | 0.60 to 0.60 | 0.60 | 33.0 | 3.10 | 1.00 | 2.00 |")
	require.Contains(t, text, "| P1 | pass-through | **0.60** | 0.65 | 33.0 | 33 |")
	require.Contains(t, text, "caddy")
	require.Contains(t, text, "(plot.svg)")
	require.NotContains(t, text, "P10", "what was not measured is not spoken of")
	require.NotContains(t, text, "NaN")
	columns := 0
	for l := range strings.Lines(text[strings.Index(text, "| contender"):]) {
		if columns == 0 {
			columns = strings.Count(l, "|")
		}
		require.Equal(t, columns, strings.Count(l, "|"), l)
	}
}

func TestPlotIsXML(t *testing.T) {
	t.Parallel()
	plot := results().Plot()
	require.Contains(t, plot, "gateway &lt;pass&gt;")
	require.Contains(t, plot, ">0.25</text>")
	for d := xml.NewDecoder(strings.NewReader(plot)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
}

func TestInto(t *testing.T) {
	t.Parallel()
	page := "# Page\n" + report.Begin + "\nold\n" + report.End + "\nrest\n"
	require.Equal(t, "# Page\n"+report.Begin+"\nnew\n"+report.End+"\nrest\n", report.Into(page, "new\n"))
	require.Equal(t, "new\n", report.Into("no marks", "new\n"))
	require.Equal(t, "new\n", report.Into("", "new\n"))
}
