package template_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/internal/template"
)

func TestTextIsCutIntoParts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                             nil,
		"plain } text":                 {"plain } text"},
		"{{":                           {"{"},
		"a{{b{{":                       {"a{b{"},
		"{{{request.method}}}":         {"{", "<request.method>", "}}"},
		"{request.method}{route.name}": {"<request.method>", "<route.name>"},
		"a{claim.https://x/y}b":        {"a", "<claim.https://x/y>", "b"},
	} {
		got, err := template.Parse(text, template.AnyRoute())
		require.NoError(t, err, text)
		var parts []string
		for _, p := range got.Parts {
			if p.Name != "" {
				p.Literal = "<" + p.Name + ">"
			}
			parts = append(parts, p.Literal)
		}
		require.Equal(t, want, parts, text)
	}
}

func TestParametersAreThoseOfThePath(t *testing.T) {
	t.Parallel()
	names := template.ForRoute(&registry.Route{Match: registry.Match{Path: "/a/{id}/{rest...}"}})
	for param, rest := range map[string]bool{"id": false, "rest": true} {
		got, err := template.Parse("{param."+param+"}", names)
		require.NoError(t, err)
		require.Equal(t, rest, got.Parts[0].Rest)
	}
	for _, param := range []string{"ID", "rest...", "", "other"} {
		_, err := template.Parse("{param."+param+"}", names)
		require.Error(t, err, param)
	}
}

func TestNothingIsHalfSaid(t *testing.T) {
	t.Parallel()
	got, err := template.Parse("user {identity.subject} of {identity.consumer}", template.AnyRoute())
	require.NoError(t, err)
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil), Identity: &pipeline.Identity{Subject: "ann"}}
	require.Empty(t, got.Expand(x))
	x.Identity = &pipeline.Identity{Subject: "ann", Consumer: "acme"}
	require.Equal(t, "user ann of acme", got.Expand(x))
}
