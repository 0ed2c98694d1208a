package standard_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSchemaAndGatewayAgree tells of policies that both take, or both refuse.
func TestSchemaAndGatewayAgree(t *testing.T) {
	t.Parallel()
	const users = "upstreams: [{name: users, endpoints: [{url: 'http://127.0.0.1:9001'}], "
	policy := func(text string) string {
		return "routes: [{name: a, match: {path: /a}, policies: [public, {respond: {body: a}}, " + text + "]}]"
	}
	inherited := func(text string) string {
		return "policies: [{rate_limit: {per: address, rate: 1/s}}]\nroutes: [{name: a, match: {path: /a}, policies: [public, {respond: {body: a}}, " + text + "]}]"
	}
	v := newValidator(t, schemaOf(t))
	for name, c := range map[string]struct {
		text  string
		taken bool
	}{
		"a bare kind without settings":            {policy("compress"), true},
		"a kind with an empty object":             {policy("{compress: {}}"), true},
		"a bare kind that needs settings":         {policy("cors"), false},
		"an empty object where settings are due":  {policy("{cors: {}}"), false},
		"a kind that there is not":                {policy("{compres: {}}"), false},
		"a bare kind that there is not":           {policy("compres"), false},
		"no object of settings":                   {policy("{compress: }"), false},
		"two kinds in one":                        {policy("{compress: {}, mask: {fields: [a]}}"), false},
		"a policy with a name":                    {policy("{compress: {as: small, min_length: 1KiB}}"), true},
		"an empty name":                           {policy("{compress: {as: ''}}"), false},
		"an inherited policy that is off":         {inherited("{rate_limit: {off: true}}"), true},
		"off: true with settings beside it":       {inherited("{rate_limit: {off: true, rate: 1/s}}"), false},
		"off: false with settings beside it":      {policy("{compress: {off: false, min_length: 1KiB}}"), true},
		"off that is no truth value":              {inherited("{rate_limit: {off: 'yes'}}"), false},
		"a size as a number":                      {policy("{compress: {min_length: 1024}}"), true},
		"a size of decimal units":                 {policy("{compress: {min_length: 1kB}}"), false},
		"a negative size":                         {policy("{compress: {min_length: -1}}"), false},
		"a duration of parts":                     {policy("{timeout: {total: 1m30.5s}}"), true},
		"a duration without a unit":               {policy("{timeout: {total: '5'}}"), false},
		"a duration as a number":                  {policy("{timeout: {total: 5}}"), false},
		"a negative duration":                     {policy("{timeout: {total: -5s}}"), false},
		"a rate by a period of one's own":         {policy("{rate_limit: {per: address, rate: 20/10s}}"), true},
		"a rate of nothing":                       {policy("{rate_limit: {per: address, rate: 0/s}}"), false},
		"a rate without a period":                 {policy("{rate_limit: {per: address, rate: '20'}}"), false},
		"a word that is not to choose from":       {policy("{rate_limit: {per: adress, rate: 1/s}}"), false},
		"a list of which one is no word":          {policy("{cache: {methods: [GET, POST]}}"), false},
		"a store by its bare kind":                {policy("{rate_limit: {per: address, rate: 1/s, store: memory}}"), true},
		"a store that is null":                    {policy("{rate_limit: {per: address, rate: 1/s, store: null}}"), true},
		"a store that is a policy":                {policy("{rate_limit: {per: address, rate: 1/s, store: {cors: {}}}}"), false},
		"a store with settings of another kind":   {policy("{rate_limit: {per: address, rate: 1/s, store: {memory: {max_bytes: 1MiB}}}}"), false},
		"an authenticator with its settings":      {policy("{authenticate: {any_of: [{api_key: {secret: {file: $DIR/secret.txt}}}]}}"), true},
		"limits of failed attempts":               {policy("{authenticate: {any_of: [{api_key: {secret: {file: $DIR/secret.txt}}}], throttle: {address: 60, credential: 10, per: 5m}}}"), true},
		"no limits of failed attempts":            {policy("{authenticate: {any_of: [{api_key: {secret: {file: $DIR/secret.txt}}}], throttle: {disabled: true}}}"), true},
		"a limit of failed attempts that is none": {policy("{authenticate: {any_of: [{api_key: {secret: {file: $DIR/secret.txt}}}], throttle: {address: many}}}"), false},
		"an authenticator that is a policy":       {policy("{authenticate: {any_of: [{cors: {origins: ['https://a.example']}}]}}"), false},
		"a secret in the document itself":         {policy("{authenticate: {any_of: [{api_key: {secret: hunter2-hunter2-hunter2}}]}}"), false},
		"a secret in two places":                  {policy("{authenticate: {any_of: [{api_key: {secret: {env: A, file: $DIR/secret.txt}}}]}}"), false},
		"a member of a struct within that is not": {policy("{cache: {key: {headrs: [A]}}}"), false},
		"lists and objects that are null":         {"routes: \nplans: \n" + users + "health: {active: null, passive: }}]", true},
		"an object that is null":                  {"inbound: ", false},
		"a balancer":                              {users + "balancer: {hash: {header: X-A}}}]", true},
		"a balancer that is a policy":             {users + "balancer: {cors: {}}}]", false},
		"a member of another case":                {"Routes: []", false},
		"another form of documents":               {"schema: gateway/v2", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := documents(t, []byte(c.text))
			require.NoError(t, err)
			faults, err := faultsOf(t, v, []byte(c.text)), load(t, []byte(c.text))
			if c.taken {
				require.NoError(t, err)
				require.Empty(t, faults)
			} else {
				require.Error(t, err)
				require.NotEmpty(t, faults)
			}
		})
	}
}
