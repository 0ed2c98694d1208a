package accesslog_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/observability/accesslog"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

func TestUnitsAreLogged(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := accesslog.New(accesslog.Writer(&out))
	x := exchange("/chat")
	x.Use(&pipeline.Usage{Policy: "unit_limit:size", Unit: "bytes", N: 4096})
	x.Use(&pipeline.Usage{Policy: "unit_limit", Unit: "tokens", N: 12, Estimated: true})
	log.For(nil)(x, &pipeline.Summary{Status: 200})
	log.For(nil)(exchange("/other"), &pipeline.Summary{Status: 200})
	ended, end := context.WithCancel(t.Context())
	end()
	require.NoError(t, log.Run(ended))
	first, second, _ := bytes.Cut(out.Bytes(), []byte{'\n'})
	require.Contains(t, string(first), `,"units":[{"policy":"unit_limit","unit":"tokens","n":12,"estimated":true},{"policy":"unit_limit:size","unit":"bytes","n":4096}]`)
	require.NotContains(t, string(second), "units")
}
