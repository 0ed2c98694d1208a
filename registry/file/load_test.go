package file_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/registry/file"
)

func load(t *testing.T, name, content string) *registry.Snapshot {
	t.Helper()
	u, err := file.Load(write(t, filepath.Join(t.TempDir(), name), content))
	require.NoError(t, err)
	return u.Snapshot
}

func TestYAMLIsReadByItsCoreSchema(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`9007199254740993`:                      `9007199254740993`,
		`12345678901234567890123`:               `12345678901234567890123`,
		`-0`:                                    `-0`,
		`+5`:                                    `5`,
		`0x1F`:                                  `31`,
		`0o17`:                                  `15`,
		`.5`:                                    `0.5`,
		`5.`:                                    `5`,
		`-00.50e+3`:                             `-0.50e+3`,
		`1_000`:                                 `"1_000"`,
		`0b11`:                                  `"0b11"`,
		`1:30`:                                  `"1:30"`,
		`yes`:                                   `"yes"`,
		`off`:                                   `"off"`,
		`True`:                                  `true`,
		`~`:                                     `null`,
		``:                                      `null`,
		`2030-01-31`:                            `"2030-01-31"`,
		`"a\u00e9\n"`:                           `"aé\n"`,
		`'it''s'`:                               `"it's"`,
		`two words # comment`:                   `"two words"`,
		`"5"`:                                   `"5"`,
		`!!str 5`:                               `"5"`,
		`!!str true`:                            `"true"`,
		"|\n      a\n      b":                   `"a\nb\n"`,
		">-\n      a\n      b":                  `"a b"`,
		`{a: 1, "b": [x, y]}`:                   `{"a":1,"b":["x","y"]}`,
		`{200: x, true: y}`:                     `{"200":"x","true":"y"}`,
		`http://a/?b=c`:                         `"http://a/?b=c"`,
		"\n      - - 1\n        - 2\n      - 3": `[[1,2],3]`,
	} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			for _, newline := range []string{"\n", "\r\n"} {
				text := strings.ReplaceAll("edge:\n- kind:\n    v: "+in+"\n", "\n", newline)
				got := load(t, "a.yaml", text).Edge[0]
				require.Equal(t, `{"v":`+want+`}`, string(got.Config), "%q", text)
			}
		})
	}
}

func TestAnchorsAliasesAndMergeKeysAreFollowed(t *testing.T) {
	t.Parallel()
	snap := load(t, "a.yaml", backend+`
routes:
  - &a
    name: a
    match: &match {path: /a, methods: [GET]}
    upstream: users
    policies: &policies
      - cache: &cache {ttl: 1s, shared: true}
  - <<: *a
    name: b
    match: {<<: *match, path: /b}
  - {<<: [{upstream: users}, *a], name: c, match: {path: /c}, policies: [{cache: {<<: *cache, ttl: 2s}}]}
  - {name: d, match: {path: /d}, policies: *policies}
`)
	var got []string
	for _, r := range snap.Routes {
		got = append(got, fmt.Sprint(r.Name, r.Match.Path, r.Match.Methods, r.Upstream, kinds(r.Policies)))
	}
	require.Equal(t, []string{
		`a/a[GET]userscache{"shared":true,"ttl":"1s"}`,
		`b/b[GET]userscache{"shared":true,"ttl":"1s"}`,
		`c/c[]userscache{"shared":true,"ttl":"2s"}`,
		`d/d[]cache{"shared":true,"ttl":"1s"}`,
	}, got)
}

func kinds(policies []registry.Policy) (out string) {
	for _, p := range policies {
		out += p.String() + string(p.Config)
	}
	return out
}

func TestDocumentsOfSeveralFilesAreOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "20.json"), `{"environment": "test", "routes": [{"name": "c", "match": {"path": "/c"}}]}`)
	write(t, filepath.Join(dir, "10.yaml"), "environment: test\nroutes: [{name: a, match: {path: /a}}]\n---\n# nothing\n---\nroutes: [{name: b, match: {path: /b}}]\n...\n")
	write(t, filepath.Join(dir, "30.yml"), "routes: [{name: d, match: {path: /d}}]\n")
	write(t, filepath.Join(dir, ".hidden.yaml"), "a: [")
	write(t, filepath.Join(dir, "notes.txt"), "a: [")
	u, err := file.Load(dir)
	require.NoError(t, err)
	var got []string
	for _, r := range u.Snapshot.Routes {
		p := u.Snapshot.Locate(r.Pos)
		got = append(got, fmt.Sprintf("%s %s:%d:%d %d", r.Name, filepath.Base(p.File), p.Line, p.Column, p.Document))
	}
	require.Equal(t, []string{"a 10.yaml:2:10 0", "b 10.yaml:6:10 2", "c 20.json:1:36 0", "d 30.yml:1:10 0"}, got)
}

func TestLocateFindsTheNearestThatThereIs(t *testing.T) {
	t.Parallel()
	const yaml = "routes:\n  - name: é\n    match: {path: /a}\n    policies:\n      - public\n      - &c\n        cache: {ttl: 1s}\n"
	const json = "{\"routes\": [\n  {\"name\": \"é\", \"match\": {\"path\": \"/a\"},\n   \"policies\": [\"public\", {\"cache\": {\"ttl\": \"1s\"}}]}]}"
	for pointer, want := range map[string][2]string{
		"":                                    {"1:1", "1:1"},
		"/none":                               {"1:1", "1:1"},
		"/routes":                             {"1:1", "1:2"},
		"/routes/0":                           {"2:5", "2:3"},
		"/routes/0/match/path":                {"3:13", "2:27"},
		"/routes/0/policies/0":                {"5:9", "3:17"},
		"/routes/0/policies/0/public":         {"5:9", "3:17"},
		"/routes/0/policies/1/cache/ttl":      {"7:17", "3:38"},
		"/routes/0/policies/1/cache/ttl/none": {"7:17", "3:38"},
		"/routes/7/name":                      {"1:1", "1:2"},
	} {
		for i, file := range []*registry.Snapshot{load(t, "a.yaml", yaml), load(t, "a.json", json)} {
			pos := file.Routes[0].Pos
			pos.Pointer = pointer
			got := file.Locate(pos)
			require.Equal(t, want[i], fmt.Sprintf("%d:%d", got.Line, got.Column), "%q in %s", pointer, pos.File)
		}
	}
}

func TestFilesThatAreTooLargeAreRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.yaml")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Truncate(path, 64<<20+1))
	_, err := file.Load(path)
	require.ErrorContains(t, err, "larger than 64 MiB")
	_, err = file.Load()
	require.ErrorContains(t, err, "no configuration file is named")
}

// FuzzLoad holds the reading of YAML and JSON to two things: it never panics,
// and every fault says where it is.
func FuzzLoad(f *testing.F) {
	cases, _ := filepath.Glob("testdata/faults/*.txtar")
	for _, path := range cases {
		data, err := os.ReadFile(path)
		require.NoError(f, err)
		body := string(data)[strings.Index(string(data), "--\n")+3:]
		body, _, _ = strings.Cut(body, "-- faults --")
		f.Add(body, strings.HasPrefix(string(data), "-- gateway.json"))
	}
	f.Fuzz(func(t *testing.T, text string, asJSON bool) {
		name := map[bool]string{true: "a.json", false: "a.yaml"}[asJSON]
		_, err := file.Load(write(t, filepath.Join(t.TempDir(), name), text))
		for _, fault := range registry.AsFaults(err) {
			require.NotEmpty(t, fault.Pos.File, "%v", fault)
		}
	})
}

// large is a document of 10,000 routes.
func large() string {
	var b strings.Builder
	b.WriteString(backend + "apis:\n  - name: users\n    base_path: /users\n    upstream: users\n    policies:\n      - timeout: {total: 2s}\n      - breaker: {error_ratio: 0.5}\n    routes:\n")
	for i := range 10_000 {
		fmt.Fprintf(&b, "      - name: r%d\n        match: {methods: [GET], path: \"/r%d/{id}\"}\n        policies:\n          - scopes: {all: [users.read]}\n          - cache: {ttl: 30s}\n", i, i)
	}
	return b.String()
}

func largeJSON() string {
	var routes []string
	for i := range 10_000 {
		routes = append(routes, fmt.Sprintf(`{"name":"r%d","match":{"methods":["GET"],"path":"/r%d/{id}"},"policies":[{"scopes":{"all":["users.read"]}},{"cache":{"ttl":"30s"}}]}`, i, i))
	}
	return `{"upstreams":[{"name":"users","endpoints":[{"url":"http://127.0.0.1:9001"}]}],"apis":[{"name":"users","base_path":"/users","upstream":"users",
		"policies":[{"timeout":{"total":"2s"}},{"breaker":{"error_ratio":0.5}}],"routes":[` + strings.Join(routes, ",\n") + `]}]}`
}

func BenchmarkLoad10000Routes(b *testing.B) {
	for name, content := range map[string]string{"a.yaml": large(), "a.json": largeJSON()} {
		b.Run(strings.TrimPrefix(name, "a."), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), name)
			require.NoError(b, os.WriteFile(path, []byte(content), 0o600))
			b.ReportAllocs()
			for b.Loop() {
				u, err := file.Load(path)
				require.NoError(b, err)
				require.Len(b, u.Snapshot.Routes, 10_000)
			}
		})
	}
}
