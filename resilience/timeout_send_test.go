package resilience_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/resilience"
)

func TestTheBackendIsToldWhatIsLeft(t *testing.T) {
	t.Parallel()
	grpc := gatewaytest.Route(&registry.Route{Name: "a", Protocol: "grpc"})
	for _, c := range []struct {
		name, config string
		opts         []gatewaytest.Option
		field, want  string
	}{
		{"in milliseconds", `{"total":"2s","send":"X-Request-Timeout"}`, nil, "X-Request-Timeout", "2000"},
		{"of the try", `{"total":"2s","per_try":"500ms","send":"X-Request-Timeout"}`, nil, "X-Request-Timeout", "500"},
		{"nothing unless it is asked for", `{"total":"2s"}`, nil, "X-Request-Timeout", ""},
		{"at least one", `{"total":"20us","send":"X-Request-Timeout"}`, nil, "X-Request-Timeout", "1"},
		{"no more than the caller would wait", `{"total":"2s","send":"X-Request-Timeout"}`,
			[]gatewaytest.Option{gatewaytest.Header("X-Request-Timeout", "150")}, "X-Request-Timeout", "150"},
		{"no more than there is", `{"total":"2s","send":"X-Request-Timeout"}`,
			[]gatewaytest.Option{gatewaytest.Header("X-Request-Timeout", "2001")}, "X-Request-Timeout", "2000"},
		{"in place of nonsense", `{"total":"2s","send":"X-Request-Timeout"}`,
			[]gatewaytest.Option{gatewaytest.Header("X-Request-Timeout", "-1")}, "X-Request-Timeout", "2000"},
		{"in place of two", `{"total":"2s","send":"X-Request-Timeout"}`,
			[]gatewaytest.Option{gatewaytest.Header("X-Request-Timeout", "1"), gatewaytest.Header("X-Request-Timeout", "2")},
			"X-Request-Timeout", "2000"},
		{"as gRPC has it", `{"total":"2s","send":"grpc-timeout"}`, nil, "Grpc-Timeout", "2000000u"},
		{"in fewer digits where it is long", `{"total":"1h","send":"grpc-timeout"}`, nil, "Grpc-Timeout", "3600000m"},
		{"on routes of gRPC", `{"total":"2s","send":"X-Request-Timeout"}`, []gatewaytest.Option{grpc}, "Grpc-Timeout", "2000000u"},
		{"no more than a caller of gRPC would wait", `{"total":"2s","send":"grpc-timeout"}`,
			[]gatewaytest.Option{gatewaytest.Header("Grpc-Timeout", "1S")}, "Grpc-Timeout", "1S"},
		{"to the nanosecond", `{"total":"2s","send":"grpc-timeout"}`,
			[]gatewaytest.Option{gatewaytest.Header("Grpc-Timeout", "99999999n")}, "Grpc-Timeout", "99999999n"},
		{"less than the hours of a caller of gRPC", `{"total":"2s","send":"grpc-timeout"}`,
			[]gatewaytest.Option{gatewaytest.Header("Grpc-Timeout", "99999999H")}, "Grpc-Timeout", "2000000u"},
		{"in place of what gRPC does not allow", `{"total":"2s","send":"grpc-timeout"}`,
			[]gatewaytest.Option{gatewaytest.Header("Grpc-Timeout", "000000001S")}, "Grpc-Timeout", "2000000u"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				stages := gatewaytest.Build(t, resilience.TimeoutKind(), c.config, c.opts...)
				r := gatewaytest.RunChain(t, stages, gatewaytest.NewExchange("GET", "/", c.opts...))
				require.Equal(t, c.want, r.Sent.Header.Get(c.field))
			})
		})
	}
}

func TestEachTryIsToldWhatIsLeftThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told [][]string
		b := &backend{tries: []try{{
			err: &pipeline.UpstreamError{Kind: pipeline.UpstreamTimeout, Sent: true},
			do: func(x *pipeline.Exchange) {
				told = append(told, x.Values("X-Request-Timeout"))
				time.Sleep(time.Until(x.Deadline)) // virtual
			},
		}}}
		stages := gatewaytest.Build(t, resilience.TimeoutKind(), `{"total":"2500ms","per_try":"1s","send":"x-request-timeout"}`)
		retry, err := resilience.NewRetry(
			resilience.RetryConfig{Attempts: 3, Backoff: resilience.Backoff{Base: 1, Max: 1}},
			resilience.WithRandom(func() float64 { return 0 }))
		require.NoError(t, err)
		r := gatewaytest.RunChain(t, append(stages, retry...), gatewaytest.NewExchange("GET", "/"), gatewaytest.Next(b.serve))
		require.Equal(t, http.StatusGatewayTimeout, r.Status)
		require.Equal(t, [][]string{{"1000"}, {"1000"}, {"500"}}, told)
	})
}

func TestAFieldThatCannotHoldATimeout(t *testing.T) {
	t.Parallel()
	for _, field := range []string{"Content-Length", "te", "a b", "X:"} {
		_, err := resilience.NewTimeout(resilience.TimeoutConfig{Total: registry.Duration(time.Second), Send: field})
		faults := registry.AsFaults(err)
		require.Len(t, faults, 1, field)
		require.Equal(t, "/send", faults[0].Field)
	}
}

func BenchmarkTimeoutThatIsSent(b *testing.B) {
	stages, err := resilience.NewTimeout(resilience.TimeoutConfig{Total: registry.Duration(2 * time.Second), Send: "X-Request-Timeout"})
	require.NoError(b, err)
	x := request("GET", "")
	x.Start = time.Now()
	mark, last := x.Mark(), always(x, http.NoBody)
	serve := pipeline.Chain(last, stages...)
	b.ReportAllocs()
	for b.Loop() {
		x.Restore(mark)
		_, _ = serve(b.Context(), x)
	}
}
