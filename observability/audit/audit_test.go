package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-f9645bd3/gateway/observability/audit"
	"github.com/seed-f9645bd3/gateway/observability/internal/exchangetest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "the key of the trail"

// secret writes a key and returns the reference to it.
func secret(t testing.TB, key string) registry.Secret {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte(key), 0o600))
	return registry.Secret{File: path}
}

// A trail is a recorder at work in a folder of its own.
type trail struct {
	*audit.Recorder
	path string
	end  func() error
}

func where(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "audit.jsonl")
}

func start(t testing.TB, path string, opts ...audit.Option) *trail {
	t.Helper()
	r, err := audit.New(path, secret(t, key), opts...)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	ended := false
	tr := &trail{Recorder: r, path: path, end: func() error {
		if ended {
			return nil
		}
		ended = true
		cancel()
		return <-done
	}}
	t.Cleanup(func() { _ = tr.end() })
	return tr
}

// denial returns an exchange that was denied.
func denial() (*pipeline.Exchange, *pipeline.Summary) {
	x, s := exchangetest.New()
	x.Decide(pipeline.Decision{Stage: "scopes", Rule: "users.write", Verdict: pipeline.Deny, Code: "scope_missing"})
	s.Status, s.Err = 403, pipeline.Refuse(403, "scope_missing", "You may not.")
	return x, s
}

// deny has the recorder told of n denials.
func (tr *trail) deny(n int) {
	x, s := denial()
	record := tr.For(x.Route)
	for range n {
		record(x, s)
	}
}

// lines returns the records of a trail.
func lines(t testing.TB, path string) (all []map[string]any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range bytes.Lines(raw) {
		var r map[string]any
		require.NoError(t, json.Unmarshal(line, &r), string(line))
		all = append(all, r)
	}
	return all
}

func events(all []map[string]any) (names []string) {
	for _, r := range all {
		names = append(names, r["event"].(string))
	}
	return names
}

// whole returns the report of a trail without faults.
func whole(t testing.TB, path string) *audit.Report {
	t.Helper()
	report, err := audit.Check{Key: []byte(key), From: 1}.Files(path)
	require.NoError(t, err)
	require.NoError(t, report.Err())
	return report
}

func TestADenialIsARecordThatSaysWhoWasDeniedWhatAndByWhichRule(t *testing.T) {
	t.Parallel()
	tr := start(t, where(t), audit.Instance("gw-1"))
	tr.deny(1)
	x, s := exchangetest.New()
	tr.For(x.Route)(x, s) // went well, and is none of the trail's business
	require.NoError(t, tr.end())
	all := lines(t, tr.path)
	require.Equal(t, []string{"opened", "denied", "closed"}, events(all))
	require.Equal(t, "gw-1", all[0]["instance"])
	r := all[1]
	for name, want := range map[string]any{
		"seq": 2.0, "time": "2026-11-24T22:00:00.003412Z", "request_id": "01JD8Q4Z6W3V5X7Y9A1B2C3D4E", "route": "get-user", "api": "users/v2",
		"environment": "production", "method": "GET", "host": "api.example.com", "path": "/users/42", "status": 403.0, "code": "scope_missing",
		"client": "203.0.113.7", "subject": "alice", "consumer": "acme", "auth": "jwt", "subscription": "sub-1", "plan": "gold",
		"denied_by": map[string]any{"stage": "scopes", "rule": "users.write", "code": "scope_missing"},
	} {
		require.Equal(t, want, r[name], name)
	}
	require.Len(t, r["decisions"], 3, "the whole list: what passed, too")
	require.Equal(t, uint64(3), whole(t, tr.path).Records)
}

func TestWhatCountsAsDenied(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
		d    pipeline.Decision
		by   string // stage and rule; empty for not at all
	}{
		{"a stage that denied", pipeline.Refuse(403, "x", ""), pipeline.Decision{Stage: "roles", Rule: "admin", Verdict: pipeline.Deny}, "roles admin"},
		{"a stage with one rule", pipeline.Refuse(401, "x", ""), pipeline.Decision{Stage: "authenticate", Verdict: pipeline.Deny}, "authenticate authenticate"},
		{"a stage that denied what a fallback answered", nil, pipeline.Decision{Stage: "breaker", Rule: "open", Verdict: pipeline.Deny}, "breaker open"},
		{"a request that the edge refused", pipeline.Refuse(400, pipeline.CodePathRefused, ""), pipeline.Decision{}, "edge path_refused"},
		{"a loop", pipeline.Refuse(508, pipeline.CodeLoopDetected, ""), pipeline.Decision{}, "edge loop_detected"},
		{"a path of no route", pipeline.Refuse(404, pipeline.CodeRouteUnknown, ""), pipeline.Decision{}, ""},
		{"a method of no route", pipeline.Refuse(405, pipeline.CodeMethodRefused, ""), pipeline.Decision{}, ""},
		{"a client that went away", pipeline.Refuse(499, pipeline.CodeClientGone, ""), pipeline.Decision{}, ""},
		{"a backend that failed", &pipeline.UpstreamError{Kind: pipeline.UpstreamConnect}, pipeline.Decision{}, ""},
		{"a panic", errors.New("boom"), pipeline.Decision{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := start(t, where(t))
			x := &pipeline.Exchange{In: httptest.NewRequest(http.MethodGet, "/", nil)}
			if tt.d.Stage != "" {
				x.Decide(tt.d)
			}
			tr.For(nil)(x, &pipeline.Summary{Status: 400, Err: tt.err})
			require.NoError(t, tr.end())
			all := lines(t, tr.path)
			if tt.by == "" {
				require.Equal(t, []string{"opened", "closed"}, events(all))
				return
			}
			by := all[1]["denied_by"].(map[string]any)
			require.Equal(t, tt.by, by["stage"].(string)+" "+by["rule"].(string))
		})
	}
}

func TestEveryExchangeIsRecordedWhereAskedFor(t *testing.T) {
	t.Parallel()
	tr := start(t, where(t), audit.All())
	x, s := exchangetest.New()
	tr.For(x.Route)(x, s)
	tr.deny(1)
	require.NoError(t, tr.end())
	require.Equal(t, []string{"opened", "exchange", "denied", "closed"}, events(lines(t, tr.path)))
}

func TestConfigurationsAreRecorded(t *testing.T) {
	t.Parallel()
	tr := start(t, where(t))
	at := time.Date(2026, 11, 24, 22, 0, 0, 0, time.UTC)
	tr.RecordConfig(pipeline.ConfigEvent{At: at, Action: pipeline.ConfigApplied, Version: "7", Before: "6", Environment: "production", Origin: "source"})
	faults := make([]string, 20)
	for i := range faults {
		faults[i] = "gateway.yaml:3:1: password=hunter2\nforged"
	}
	tr.RecordConfig(pipeline.ConfigEvent{At: at, Action: pipeline.ConfigRefused, Version: "8", Before: "7", Origin: "source", Faults: faults})
	require.NoError(t, tr.end())
	all := lines(t, tr.path)
	require.Equal(t, []string{"opened", "config", "config", "closed"}, events(all))
	require.Equal(t, "applied", all[1]["action"])
	require.Equal(t, "6", all[1]["before"])
	require.Equal(t, 20.0, all[2]["fault_count"])
	require.Len(t, all[2]["faults"], 8)
	require.NotContains(t, all[2]["faults"].([]any)[0], "hunter2")
}

func TestNoSecretAndNothingThatIsObeyedReachesATrail(t *testing.T) {
	t.Parallel()
	const canary = "canary-credential"
	tr := start(t, where(t), audit.All(), audit.Redact("badge"))
	x, s := exchangetest.New()
	x.In.URL.Path = "/login/Bearer " + canary + "/\x1b[31m\u202e\r\n{\"seq\":9}"
	x.In.Header.Set("X-Api-Key", canary)
	x.Identity.Subject = "badge=" + canary
	x.ID = "id\n" + strings.Repeat("\x00", 70_000)
	s.Err = errors.New("password=" + canary)
	for range 20 {
		x.Decide(pipeline.Decision{Stage: strings.Repeat("\x01", 70_000), Rule: strings.Repeat("\x01", 70_000), Code: strings.Repeat("\x01", 70_000), Verdict: pipeline.Warn})
	}
	tr.For(x.Route)(x, s)
	require.NoError(t, tr.end())
	raw, err := os.ReadFile(tr.path)
	require.NoError(t, err)
	require.NotContains(t, string(raw), canary)
	require.Equal(t, 3, bytes.Count(raw, []byte("\n")), "one line a record")
	require.NotContains(t, string(raw), "\x1b")
	require.NotContains(t, string(raw), "\u202e")
	require.Less(t, len(raw), audit.MaxLine)
	whole(t, tr.path)
}

func TestATrailGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	path := where(t)
	for n := range 4 {
		tr := start(t, path)
		tr.deny(n)
		require.NoError(t, tr.end())
	}
	require.Equal(t, uint64(8+6), whole(t, path).Last)
}

func TestATrailIsRotatedAndStaysOneChain(t *testing.T) {
	t.Parallel()
	path := where(t)
	for range 2 {
		tr := start(t, path, audit.Rotate(2000), audit.Durable(time.Minute))
		tr.deny(20)
		require.NoError(t, tr.end())
	}
	parts, err := filepath.Glob(path + ".0*")
	require.NoError(t, err)
	require.Greater(t, len(parts), 5)
	report := whole(t, path)
	require.Equal(t, uint64(44), report.Records)
	require.Equal(t, uint64(1), report.First)

	require.NoError(t, os.Remove(parts[2])) // a file of the middle
	report, err = audit.Check{Key: []byte(key), From: 1}.Files(path)
	require.NoError(t, err)
	require.Len(t, report.Faults, 1)
	require.Equal(t, audit.Gap, report.Faults[0].Kind)
	require.Equal(t, parts[3], report.Faults[0].Part)

	require.NoError(t, os.Remove(parts[0]))
	require.NoError(t, os.Remove(parts[1]))
	report, err = audit.Check{Key: []byte(key), From: 1}.Files(path)
	require.NoError(t, err)
	require.Equal(t, audit.Front, report.Faults[0].Kind)
	report, err = audit.Check{Key: []byte(key)}.Files(path)
	require.NoError(t, err)
	require.NoError(t, report.Err(), "taken away in order")
}

func TestATrailThatWentDownBetweenTwoFilesGoesOn(t *testing.T) {
	t.Parallel()
	path := where(t)
	tr := start(t, path)
	tr.deny(3)
	require.NoError(t, tr.end())
	require.NoError(t, os.Rename(path, path+".00000000000000000001"))
	whole(t, path) // without the new file
	tr = start(t, path)
	require.NoError(t, tr.end())
	require.Equal(t, uint64(7), whole(t, path).Last)
}

func TestTheHeadMayLieElsewhere(t *testing.T) {
	t.Parallel()
	path, head := where(t), filepath.Join(t.TempDir(), "head")
	require.NoError(t, start(t, path, audit.Head(head)).end())
	require.NoFileExists(t, path+".head")
	text, err := os.ReadFile(head)
	require.NoError(t, err)
	report, err := audit.Check{Key: []byte(key), Head: text, From: 1}.Files(path)
	require.NoError(t, err)
	require.NoError(t, report.Err())
	require.Equal(t, report.Last, report.Anchored)
	for _, p := range []string{path, head} {
		info, err := os.Stat(p)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

func TestWhatCannotBeATrailIsAnErrorOfNew(t *testing.T) {
	t.Parallel()
	good := where(t)
	tr := start(t, good)
	tr.deny(2)
	require.NoError(t, tr.end())
	copied := func(change func(text, head []byte) ([]byte, []byte)) string {
		path := where(t)
		text, err := os.ReadFile(good)
		require.NoError(t, err)
		head, err := os.ReadFile(good + ".head")
		require.NoError(t, err)
		text, head = change(text, head)
		require.NoError(t, os.WriteFile(path, text, 0o600))
		require.NoError(t, os.WriteFile(path+".head", head, 0o600))
		return path
	}
	same := func(text, head []byte) ([]byte, []byte) { return text, head }
	for _, tt := range []struct {
		name string
		path string
		key  registry.Secret
		want error
		says string
	}{
		{"a folder that there is not", "/no/such/folder/audit.jsonl", secret(t, key), os.ErrNotExist, ""},
		{"a folder", t.TempDir(), secret(t, key), nil, "directory"},
		{"a key that there is not", where(t), registry.Secret{File: "/no/such/key"}, os.ErrNotExist, ""},
		{"a key that is short", where(t), secret(t, "short"), nil, "want 16"},
		{"another key", copied(same), secret(t, "the key of another trail"), audit.ErrHead, ""},
		{"another key, and no head", copied(func(text, _ []byte) ([]byte, []byte) { return text, nil }), secret(t, "the key of another trail"), audit.ErrTail, ""},
		{"a head that was altered", copied(func(text, head []byte) ([]byte, []byte) {
			return text, bytes.ReplaceAll(head, []byte("0"), []byte("1"))
		}), secret(t, key), audit.ErrHead, ""},
		{"a last record that was altered", copied(func(text, head []byte) ([]byte, []byte) {
			return bytes.ReplaceAll(text, []byte(`"event":"closed"`), []byte(`"event":"opened"`)), head
		}), secret(t, key), audit.ErrTail, ""},
		{"something else than a trail", copied(func(_, _ []byte) ([]byte, []byte) { return []byte("a log\nof something\n"), nil }), secret(t, key), audit.ErrTail, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := audit.New(tt.path, tt.key)
			require.Error(t, err)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
			}
			require.ErrorContains(t, err, tt.says)
		})
	}
	tr = start(t, copied(same))
	_, err := audit.New(tr.path, secret(t, key))
	require.ErrorContains(t, err, "another process writes this trail")
	require.NoError(t, tr.end())
	unused, err := audit.New(tr.path, secret(t, key))
	require.NoError(t, err)
	require.NoError(t, unused.Close())
	require.Error(t, unused.Run(t.Context()))
	require.NoError(t, unused.Close())
}
