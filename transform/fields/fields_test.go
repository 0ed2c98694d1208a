package fields_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform/fields"
)

func stage(t testing.TB, c fields.Config) pipeline.Stage {
	t.Helper()
	return gatewaytest.BuildPolicy(t, fields.Kind(), fields.Policy(c))[0]
}

func answer(contentType string, body io.Reader) pipeline.Handler {
	return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, http.StatusOK, contentType, nil)
		resp.Body, resp.ContentLength = io.NopCloser(body), -1
		return resp, nil
	}
}

func run(t testing.TB, s pipeline.Stage, g *pipeline.Grant, doc string) gatewaytest.Result {
	t.Helper()
	return gatewaytest.Run(t, s, gatewaytest.NewExchange("GET", "/", gatewaytest.Grant(g)),
		gatewaytest.Next(answer("application/json", strings.NewReader(doc))))
}

func TestSelectStage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]fields.Config{
		"other types pass": {Fields: []string{"a"}, OtherTypes: "pass"}, "the grant allows all": {By: "grant"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.TestStage(t, func(t testing.TB) pipeline.Stage { return stage(t, c) },
				gatewaytest.Grant(&pipeline.Grant{AllFields: c.By != ""}))
		})
	}
}

const doc = `{"id":1,"name":"Ada","card":{"number":"4111","exp":"12/30"},"items":[{"email":"a@b","x":1},2],"a.b":3}`

func TestWhatIsSelected(t *testing.T) {
	t.Parallel()
	list, grant := fields.Config{Fields: []string{"id", "card.exp"}}, fields.Config{By: "grant"}
	scope := fields.Config{Fields: []string{"id"}, UnlessScope: "all.read"}
	tests := map[string]struct {
		config fields.Config
		grant  *pipeline.Grant
		want   string
		rule   string
	}{
		"the list":                          {list, nil, `{"id":1,"card":{"exp":"12/30"}}`, "fields"},
		"the list, whatever the grant says": {list, &pipeline.Grant{AllFields: true, Fields: []string{"name"}}, `{"id":1,"card":{"exp":"12/30"}}`, "fields"},
		"nothing without a grant":           {grant, nil, `{}`, "grant"},
		"nothing by an empty grant":         {grant, &pipeline.Grant{PII: true, Scopes: []string{"", "*"}}, `{}`, "grant"},
		"the fields of the grant":           {grant, &pipeline.Grant{Fields: []string{"name", "items[].email", `a\.b`}}, `{"name":"Ada","items":[{"email":"a@b"}],"a.b":3}`, "grant"},
		"all fields of the grant":           {grant, &pipeline.Grant{AllFields: true}, doc, "all_fields"},
		"no scope by default":               {list, &pipeline.Grant{Scopes: []string{""}}, `{"id":1,"card":{"exp":"12/30"}}`, "fields"},
		"the scope lifts":                   {scope, &pipeline.Grant{Scopes: []string{"all.read"}}, doc, "unless_scope"},
		"another scope does not":            {scope, &pipeline.Grant{Scopes: []string{"all.read.x"}}, `{"id":1}`, "fields"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, stage(t, test.config), test.grant, doc)
			require.NoError(t, r.Err)
			require.Equal(t, test.want, r.Body)
			require.Len(t, r.Decisions, 1)
			require.Equal(t, test.rule, r.Decisions[0].Rule)
			lifted := test.want == doc
			require.Equal(t, lifted, r.Decisions[0].Code == fields.CodeLifted)
			require.Equal(t, !lifted, r.Decisions[0].Code == fields.CodeSelected && r.Decisions[0].Verdict == pipeline.Alter)
			require.Equal(t, !lifted, r.Sent.Header.Get("Accept-Encoding") == "identity")
		})
	}
}

func TestFieldsOfAGrantThatAreNoPathsSelectNothing(t *testing.T) {
	t.Parallel()
	s := stage(t, fields.Config{By: "grant"})
	r := run(t, s, &pipeline.Grant{Fields: []string{"", "id", "card[0].number", "na*"}}, doc)
	require.Equal(t, `{"id":1}`, r.Body)
	require.Equal(t, fields.CodeFieldsUnknown, r.Decisions[0].Code)
	require.Equal(t, pipeline.Warn, r.Decisions[0].Verdict)

	many := []string{"id"}
	for i := range 2000 {
		many = append(many, fmt.Sprintf("f%d", i))
	}
	r = run(t, s, &pipeline.Grant{Fields: append(many, "name")}, doc)
	require.Equal(t, `{"id":1}`, r.Body)
	require.Equal(t, fields.CodeFieldsUnknown, r.Decisions[0].Code)
}

func TestGrantsDoNotMix(t *testing.T) {
	t.Parallel()
	s := stage(t, fields.Config{By: "grant"})
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 500 { // more lists than are kept
				n := (i*7 + worker) % 300
				r := run(t, s, &pipeline.Grant{Fields: []string{fmt.Sprintf("f%d", n)}}, fmt.Sprintf(`{"f%d":1,"f%d":2}`, n+1, n))
				if want := fmt.Sprintf(`{"f%d":2}`, n); r.Body != want {
					t.Errorf("got %s, want %s", r.Body, want)
				}
			}
		})
	}
	all.Wait()
}

func TestVaryTellsApartWhoSeesOther(t *testing.T) {
	t.Parallel()
	vary := func(c fields.Config, g *pipeline.Grant) string {
		return stage(t, c).Vary(gatewaytest.NewExchange("GET", "/", gatewaytest.Grant(g)))
	}
	byGrant := fields.Config{By: "grant"}
	grants := map[string]*pipeline.Grant{
		"all": {AllFields: true}, "a": {Fields: []string{"a"}}, "a and b": {Fields: []string{"a", "b"}}, "one that looks like two": {Fields: []string{"a 1:b"}},
		"another that does": {Fields: []string{"ab"}}, "nothing": {},
	}
	seen := map[string]string{}
	for name, g := range grants {
		v := vary(byGrant, g)
		require.Empty(t, seen[v], "%s is the same as %s", name, seen[v])
		seen[v] = name
	}
	require.Equal(t, vary(byGrant, nil), vary(byGrant, &pipeline.Grant{Scopes: []string{"x"}}))
	list := fields.Config{Fields: []string{"a"}, UnlessScope: "s"}
	require.Equal(t, vary(list, nil), vary(list, &pipeline.Grant{Fields: []string{"a"}, AllFields: true}))
	require.NotEqual(t, vary(list, nil), vary(list, &pipeline.Grant{Scopes: []string{"s"}}))
}

func TestWhatCannotBeJudgedIsWithheld(t *testing.T) {
	t.Parallel()
	s := stage(t, fields.Config{Fields: []string{"id"}})
	for contentType, body := range map[string]string{"text/html": "<p>", "application/json": `{"id":1}x`} {
		r := gatewaytest.Run(t, s, gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(answer(contentType, iotest.DataErrReader(strings.NewReader(body)))))
		require.Equal(t, 502, r.Status)
		require.Equal(t, fields.CodeNotJudgeable, r.Code)
	}
	r := gatewaytest.Run(t, s, gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(
		answer("application/json", io.MultiReader(strings.NewReader(`{"id":1`), strings.NewReader(`,"x":nul}`)))))
	require.Equal(t, fields.CodeNotJudgeable, pipeline.Code(r.Err))
	require.Equal(t, `{"id":1`, r.Body)
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ config, want string }{
		"neither list nor grant": {`{}`, `field /fields: want at least one path, or by: grant`},
		"both":                   {`{"by":"grant","fields":["a"]}`, `field /fields: want either fields or by, not both`},
		"an unknown by":          {`{"by":"grants"}`, `did you mean "grant"`},
		"a path that is none":    {`{"fields":["a",""]}`, `field /fields/1`},
		"an unknown other_types": {`{"by":"grant","other_types":"x"}`, `field /other_types`},
		"too many steps":         {`{"fields":[` + strings.Repeat(`"a.b.c.d.e.f.g.h",`, 128) + `"a"]}`, `field /fields: want at most 1024 steps`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := gatewaytest.TryBuild(t, fields.Kind(), test.config)
			require.ErrorContains(t, err, test.want)
		})
	}
	_, err := fields.New("select", fields.Config{})
	require.Error(t, err)
}
