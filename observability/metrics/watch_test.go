package metrics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/observability/metrics"
)

type ends int64

func (e ends) NotAfter() time.Time { return time.Unix(int64(e), 0) }

func TestTheEndOfACertificateIsExported(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.WatchCertificate("a.pem", ends(1_900_000_000))
	m.WatchCertificate("b.pem", ends(1))
	m.WatchCertificate("b.pem", ends(2_000_000_000))
	require.NoError(t, testutil.GatherAndCompare(m.Registry(), strings.NewReader(`
# HELP gateway_certificate_not_after_seconds When the certificate that is served ends, in seconds since 1970.
# TYPE gateway_certificate_not_after_seconds gauge
gateway_certificate_not_after_seconds{certificate="a.pem"} 1.9e+09
gateway_certificate_not_after_seconds{certificate="b.pem"} 2e+09
`), "gateway_certificate_not_after_seconds"))
}

func TestUnsafeOptionsAreExportedAsTheyAre(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	on := 1
	m.WatchInsecure(func() map[string]int { return map[string]int{"insecure_skip_verify": on} })
	for _, on = range []int{1, 0} {
		metric := `gateway_insecure_options{option="insecure_skip_verify"} ` + string(rune('0'+on))
		require.NoError(t, testutil.GatherAndCompare(m.Registry(), strings.NewReader(`
# HELP gateway_insecure_options How often an unsafe option is on in the configuration that serves.
# TYPE gateway_insecure_options gauge
`+metric+"\n"), "gateway_insecure_options"))
	}
}
