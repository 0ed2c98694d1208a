package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestACommandLineIsAnswered(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	good := filepath.Join(folder, "good.yaml")
	secret, short := filepath.Join(folder, "secret"), filepath.Join(folder, "short")
	for path, content := range map[string]string{secret: "0123456789abcdef", short: "0123"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := "schema: gateway/v1\nroutes: [{name: a, match: {path: /a}, policies: [public, respond: {body: a}]}]\n"
	if err := os.WriteFile(good, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"help tells of all commands":                    {[]string{"help"}, 0, "reference check FILE..."},
		"the help of the demo tells of the rest":        {[]string{"-h"}, 0, "reference serve -config FILE"},
		"serve has help":                                {[]string{"serve", "-h"}, 0, "-tls-cert"},
		"check has help":                                {[]string{"check", "-h"}, 0, "usage: reference check"},
		"a command that there is not":                   {[]string{"server"}, 2, `unknown command "server"`},
		"a flag that there is not":                      {[]string{"serve", "-prot"}, 2, "flag provided but not defined: -prot"},
		"no file to serve":                              {[]string{"serve"}, 2, "serve wants -config FILE or -registry URL"},
		"a trail without a key":                         {[]string{"serve", "-config", good, "-audit", "a"}, 2, "-audit and -audit-key-file go together"},
		"a choice for a trail that there is not":        {[]string{"serve", "-config", good, "-audit-durable"}, 2, "-audit-durable and -audit-block want -audit"},
		"a trail under a key that is too short":         {[]string{"serve", "-config", good, "-admin", "off", "-audit", filepath.Join(folder, "a"), "-audit-key-file", short}, 1, "want 16 at the least"},
		"a key of the last good that is nowhere":        {[]string{"serve", "-config", good, "-admin", "off", "-last-good", "l", "-last-good-key-file", "/no/key"}, 1, "key 1 of SignedBy"},
		"a key of no last good":                         {[]string{"serve", "-config", good, "-last-good-key-file", secret}, 2, "wants -last-good"},
		"a warning after the refusal":                   {[]string{"serve", "-config", good, "-stale-warn", "2s", "-stale-refuse", "1s"}, 2, "-stale-warn is longer"},
		"a registry that is not to be trusted":          {[]string{"serve", "-registry", "http://registry.example"}, 1, "-registry: poll: want an https address"},
		"audit without verify":                          {[]string{"audit", "x"}, 2, "audit wants verify"},
		"audit has help":                                {[]string{"audit", "verify", "-h"}, 0, "usage: reference audit verify"},
		"a trail to verify without a key":               {[]string{"audit", "verify", good}, 2, "audit verify wants either"},
		"a trail to verify that there is not":           {[]string{"audit", "verify", "-key-file", secret, "/no/trail"}, 1, "/no/trail: no such file"},
		"something to verify that is no trail":          {[]string{"audit", "verify", "-key-file", secret, good}, 1, "good.yaml:1: changed"},
		"something to verify that is no trail, as JSON": {[]string{"audit", "verify", "-json", "-key-file", secret, good}, 1, `"records": 0,`},
		"an argument that is no flag":                   {[]string{"serve", "-config", good, "x"}, 2, "takes no arguments beside its flags: x"},
		"half of a certificate":                         {[]string{"serve", "-config", good, "-tls-cert", "c.pem"}, 2, "go together"},
		"a certificate that cannot be read":             {[]string{"serve", "-config", good, "-tls-cert", "/no/c.pem", "-tls-key", "k.pem"}, 1, `load certificate "/no/c.pem"`},
		"a negative time":                               {[]string{"serve", "-config", good, "-grace", "-1s"}, 2, "no negative times"},
		"a file to serve that there is not":             {[]string{"serve", "-config", "/no/such.yaml", "-listen", "127.0.0.1:0", "-admin", "off"}, 1, "/no/such.yaml: no such file"},
		"an address that cannot be listened on":         {[]string{"serve", "-config", good, "-listen", "nonsense", "-admin", "off"}, 1, "nonsense: missing port"},
		"a key without a secret":                        {[]string{"key"}, 2, "key wants either"},
		"a key under a secret that there is not":        {[]string{"key", "-secret-env", "NO_SUCH_SECRET"}, 1, "NO_SUCH_SECRET is not set"},
		"a key and its hash":                            {[]string{"key", "-secret-file", secret}, 0, "hmac-sha256:"},
		"a key under a secret that is too short":        {[]string{"key", "-secret-file", short}, 1, "want 16 at the least"},
		"no file to check":                              {[]string{"check"}, 2, "check wants the files"},
		"a file to check that there is not":             {[]string{"check", "/no/such.yaml"}, 1, "/no/such.yaml: no such file"},
		"the schema for editors":                        {[]string{"schema"}, 0, `"$schema": "https://json-schema.org/draft/2020-12/schema"`},
		"an argument beside the schema":                 {[]string{"schema", "x"}, 2, "schema takes no arguments"},
		"a file to check that there is":                 {[]string{"check", good}, 0, "no fault: 1 route(s)"},
		"a file that is given twice, name by name":      {[]string{"check", good, good}, 1, `route "a" is given twice`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if status := run(t.Context(), c.args, &out, &out); status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			if said := out.String(); strings.Count(said, c.says) != 1 || strings.Contains(said, "reflect.makeFuncStub") {
				t.Errorf("want %q once, and nothing of what is inside, found:\n%s", c.says, said)
			}
		})
	}
}
