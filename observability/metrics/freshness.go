package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Freshness has exported how old the configuration is that is served, and how
// long its source has been silent. A gateway gives it to the recorders that it
// is made with; where it is called again, the later function counts.
func (m *Metrics) Freshness(f func() pipeline.Freshness) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.freshness == nil {
		m.registry.MustRegister(freshness{m})
	}
	m.freshness = f
}

// freshness collects what the function says that Metrics holds.
type freshness struct{ *Metrics }

var (
	silenceDesc = prometheus.NewDesc("gateway_config_contact_age_seconds",
		"How long ago the source of the configuration was heard last, whether or not anything had changed.", nil, nil)
	ageDesc = prometheus.NewDesc("gateway_config_age_seconds",
		"How long ago the configuration in force came from its source, by this process or by the one that kept it.", nil, nil)
	staleDesc = prometheus.NewDesc("gateway_config_stale",
		"0 while the source is heard, 1 where its silence is warned of, 2 where requests are refused for it.", nil, nil)
	infoDesc = prometheus.NewDesc("gateway_config_info",
		"1 for the configuration in force, by version and origin.", []string{"version", "origin"}, nil)
)

// Describe implements prometheus.Collector.
func (freshness) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{silenceDesc, ageDesc, staleDesc, infoDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. What nobody can tell is left out.
func (f freshness) Collect(ch chan<- prometheus.Metric) {
	f.mu.Lock()
	ask := f.freshness
	f.mu.Unlock()
	now := ask()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(staleDesc, float64(degree(now.State)))
	if !now.Contact.IsZero() {
		gauge(silenceDesc, now.Silence)
	}
	if !now.Taken.IsZero() {
		gauge(ageDesc, max(time.Since(now.Taken), 0).Seconds())
		gauge(infoDesc, 1, clean(now.Version), now.Origin)
	}
}

func degree(s pipeline.FreshnessState) int {
	switch s {
	case pipeline.Stale:
		return 1
	case pipeline.Refusing:
		return 2
	}
	return 0
}
