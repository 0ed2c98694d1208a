package file_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/file"
)

func ExampleLoad() {
	dir, err := os.MkdirTemp("", "gateway")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "gateway.yaml")
	if err := os.WriteFile(path, []byte(`
upstreams:
  - name: users
    endpoints: [{url: "http://127.0.0.1:9001"}]
routes:
  - name: get-user
    match: {path: "/users/{id}", mehtods: [GET]}
    upstream: users
`), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	_, err = file.Load(path)
	fmt.Println(strings.TrimPrefix(err.Error(), dir+"/"))
	// Output:
	// gateway.yaml:7:34: /routes/0/match/mehtods: route "get-user": unknown member "mehtods"; did you mean "methods"?
}

func ExampleNew() {
	dir, err := os.MkdirTemp("", "gateway")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "gateway.yaml")
	if err := os.WriteFile(path, []byte("version: \"7\"\nroutes: [{name: hello, match: {path: /hello}, policies: [public]}]\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	err = file.New(path).Watch(ctx, func(u registry.Update) error {
		fmt.Println(u.Snapshot.Version, u.Snapshot.Routes[0].Name)
		cancel() // one is enough here
		return nil
	})
	fmt.Println(err)
	// Output:
	// 7 hello
	// <nil>
}
