package pipeline_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

func TestValuesAreTheOnesThatWillBeSent(t *testing.T) {
	t.Parallel()
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	x.In.Header["X-A"] = append(make([]string, 0, 4), "1", "2")
	require.Equal(t, []string{"1", "2"}, x.Values("x-a"))
	x.Add("X-A", "3")
	require.Equal(t, []string{"1", "2", "3"}, x.Values("X-A"))
	require.Equal(t, []string{"1", "2"}, x.In.Header["X-A"])
	require.Empty(t, x.In.Header["X-A"][:3][2], "the shared slice was written into")
	x.Set("X-A", "4")
	require.Equal(t, []string{"4"}, x.Values("X-A"))
	x.Del("X-A")
	require.Empty(t, x.Values("X-A"))
	x.Add("X-A", "5")
	require.Equal(t, x.Out(t.Context()).Header["X-A"], x.Values("X-A"))
}
