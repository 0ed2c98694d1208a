package field_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform/internal/field"
)

func TestFieldsThatSettingsMayNotName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "X A", "X:A", "X-Ä", "X\n", "host", "content-length", "Transfer-Encoding", "trailer", "Expect", "connection",
		"Keep-Alive", "proxy-connection", "TE", "upgrade", "HTTP2-Settings", "Proxy-Authorization", "Proxy-Authenticate",
	} {
		require.Error(t, field.Editable(name), "%q", name)
	}
	for _, name := range []string{"X-A", "authorization", "Set-Cookie", "a!#$%&'*+-.^_`|~9"} {
		require.NoError(t, field.Editable(name), "%q", name)
	}
}

func TestValuesThatAFieldCanHold(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "a b", "a\tb", "ä", `"quoted"`} {
		require.True(t, field.ValidValue(value), "%q", value)
	}
	for _, value := range []string{"\n", "a\r", "\x00", "\x1f", "\x7f"} {
		require.False(t, field.ValidValue(value), "%q", value)
	}
}

func TestVaryMarksTheResponseElseTheReply(t *testing.T) {
	t.Parallel()
	v := field.NewVary("Origin", "Accept")
	x := &pipeline.Exchange{}
	resp := &http.Response{}
	v.Mark(x, resp)
	require.Equal(t, http.Header{"Vary": {"Origin, Accept"}}, resp.Header)
	require.Empty(t, x.Reply)
	v.Mark(x, nil)
	v.Mark(x, nil)
	require.Equal(t, http.Header{"Vary": {"Origin, Accept"}}, x.Reply)
	resp.Header = http.Header{"Vary": {"accept"}}
	v.Mark(x, resp)
	require.Equal(t, []string{"accept, Origin"}, resp.Header["Vary"])
}
