package audit_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-f9645bd3/gateway/observability/audit"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

func ExampleNew() {
	folder, _ := os.MkdirTemp("", "audit-")
	defer os.RemoveAll(folder)
	keyFile, path := filepath.Join(folder, "key"), filepath.Join(folder, "audit.jsonl")
	_ = os.WriteFile(keyFile, []byte("a key of sixteen bytes or more"), 0o600)

	trail, err := audit.New(path, registry.Secret{File: keyFile})
	if err != nil {
		panic(err)
	}
	// A gateway that is given the trail by gateway.Recorders does all of this.
	x := &pipeline.Exchange{
		In: httptest.NewRequest(http.MethodGet, "http://api.example.com/users/42", nil), Start: time.Now(),
		Route: &registry.Route{Name: "get-user"}, Identity: &pipeline.Identity{Subject: "mallory", Consumer: "acme"},
	}
	x.Decide(pipeline.Decision{Stage: "scopes", Rule: "users.read", Verdict: pipeline.Deny, Code: "scope_missing"})
	trail.For(x.Route)(x, &pipeline.Summary{Status: 403, Err: pipeline.Refuse(403, "scope_missing", "")})
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // what was handed over is written all the same
	fmt.Println(trail.Run(ctx))

	check := audit.Check{Key: []byte("a key of sixteen bytes or more"), From: 1}
	report, err := check.Files(path)
	fmt.Println(report.Records, "records hold,", report.Err(), err)

	text, _ := os.ReadFile(path) // somebody takes mallory out
	_ = os.WriteFile(path, []byte(strings.Replace(string(text), "mallory", "alice", 1)), 0o600)
	report, _ = check.Files(path)
	fmt.Println(strings.ReplaceAll(report.Err().Error(), folder+"/", ""))
	// Output:
	// <nil>
	// 3 records hold, <nil> <nil>
	// audit.jsonl:2: changed: record 2: its HMAC does not hold
}

func ExampleCheck_Verify() {
	var text strings.Builder
	head := audit.Records(&text, []byte("a key of sixteen bytes or more"), `"event":"denied"`, `"event":"denied"`, `"event":"denied"`)
	without := strings.SplitAfterN(text.String(), "\n", 3)[:2] // somebody cuts the last one off
	report, err := audit.Check{Key: []byte("a key of sixteen bytes or more"), Head: head, From: 1}.
		Verify(audit.Part{Name: "audit.jsonl", Text: strings.NewReader(strings.Join(without, ""))})
	fmt.Println(report.Err(), err)
	// Output: audit.jsonl: cut: records 3 to 3 are missing at the end <nil>
}
