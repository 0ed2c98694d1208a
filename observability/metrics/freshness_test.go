package metrics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/observability/metrics"
	"github.com/seed-f9645bd3/gateway/pipeline"
)

func TestFreshnessIsExported(t *testing.T) {
	t.Parallel()
	names := []string{"gateway_config_contact_age_seconds", "gateway_config_stale", "gateway_config_info"}
	for _, tt := range []struct {
		name string
		says pipeline.Freshness
		want string
	}{
		{"a source that is silent", pipeline.Freshness{State: pipeline.Refusing, Version: "7", Origin: "last_good", Taken: time.Now(), Contact: time.Now(), Silence: 90}, `
# HELP gateway_config_contact_age_seconds How long ago the source of the configuration was heard last, whether or not anything had changed.
# TYPE gateway_config_contact_age_seconds gauge
gateway_config_contact_age_seconds 90
# HELP gateway_config_info 1 for the configuration in force, by version and origin.
# TYPE gateway_config_info gauge
gateway_config_info{origin="last_good",version="7"} 1
# HELP gateway_config_stale 0 while the source is heard, 1 where its silence is warned of, 2 where requests are refused for it.
# TYPE gateway_config_stale gauge
gateway_config_stale 2
`},
		{"a source that cannot tell, and nothing in force", pipeline.Freshness{State: pipeline.Stale}, `
# HELP gateway_config_stale 0 while the source is heard, 1 where its silence is warned of, 2 where requests are refused for it.
# TYPE gateway_config_stale gauge
gateway_config_stale 1
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := prometheus.NewRegistry()
			m := metrics.New(metrics.In(r))
			m.Freshness(func() pipeline.Freshness { return pipeline.Freshness{} })
			m.Freshness(func() pipeline.Freshness { return tt.says })
			require.NoError(t, testutil.GatherAndCompare(r, strings.NewReader(tt.want), names...))
		})
	}
}

func TestTheAgeOfAConfigurationIsExported(t *testing.T) {
	t.Parallel()
	r := prometheus.NewRegistry()
	metrics.New(metrics.In(r)).Freshness(func() pipeline.Freshness {
		return pipeline.Freshness{Taken: time.Now().Add(-time.Hour)}
	})
	families, err := r.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == "gateway_config_age_seconds" {
			require.InDelta(t, 3600, f.GetMetric()[0].GetGauge().GetValue(), 60)
			return
		}
	}
	t.Fatal("no gateway_config_age_seconds")
}
