package gatewaytest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/standard"
)

// overNetwork plays scripts against a gateway whose upstreams are servers on
// loopback, asked by the client of its name. In-process upstreams use neither
// balancers nor health, and get the host of the request: so do these.
type overNetwork struct {
	*wholeGateway
	client   string
	backends *backends
	urls     map[string]string
}

func newOverNetwork(t testing.TB, steps []step, client string) *overNetwork {
	t.Helper()
	return &overNetwork{newWholeGateway(t, steps, nil), client, newBackends(), map[string]string{}}
}

func (o *overNetwork) configure(name, data string) error {
	update, err := o.load(name, data)
	if err != nil {
		return err
	}
	o.connect(update.Snapshot)
	if o.g != nil {
		return o.g.Apply(o.t.Context(), update)
	}
	g, err := try(o.t, update, nil, append(o.opts, standard.Kinds()))
	if err == nil {
		o.g = g
	}
	return err
}

// connect points every upstream of the snapshot to its server.
func (o *overNetwork) connect(s *registry.Snapshot) {
	for _, name := range o.names {
		if o.urls[name] == "" {
			o.urls[name] = o.server(o.backends.add(name))
		}
	}
	for i := range s.Upstreams {
		u := &s.Upstreams[i]
		u.Endpoints, u.Health = []registry.Endpoint{{URL: o.urls[u.Name]}}, registry.Health{}
		u.Connections.Client = o.client
		if u.Host == "" || u.Host == "endpoint" {
			u.Host = "preserve"
		}
	}
}

func (o *overNetwork) server(h http.Handler) string {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	o.t.Cleanup(s.Close)
	return s.URL
}

func (o *overNetwork) backend(name string, h http.Handler) error {
	o.backends.get(name).serve(h)
	return nil
}

func (o *overNetwork) seen() []Seen {
	all := o.backends.all()
	news := all[o.before:]
	o.before = len(all)
	return news
}

// leftOut are the scripts that count within a second, which on a real clock may
// end between two requests, and bulkhead: a connection that was kept and ends
// without a word was stale, and the client itself sends the GET again.
var leftOut = regexp.MustCompile(`^(bulkhead|retry_budget|rate_limit_headers_off|rate_limit_several|stage_order)\.txtar$`)

// TestScriptsOverTheNetwork plays the scripts by either client. Those in which
// time passes are left out too, for it would be the real one.
func TestScriptsOverTheNetwork(t *testing.T) {
	t.Parallel()
	waits := regexp.MustCompile(`(?m)^-- wait |after=`)
	names, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	played := 0
	for _, name := range names {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		if waits.Match(raw) || leftOut.MatchString(filepath.Base(name)) {
			continue
		}
		played++
		for _, client := range []string{"direct", "net_http"} {
			t.Run(filepath.Base(name)+" by "+client, func(t *testing.T) {
				t.Parallel()
				steps, err := parseScript(string(raw))
				require.NoError(t, err)
				play(t, steps, newOverNetwork(t, steps, client))
			})
		}
	}
	require.Greater(t, played, len(names)*3/4)
}
