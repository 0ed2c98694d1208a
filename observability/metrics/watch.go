package metrics

import (
	"maps"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Expiring is what ends some day, such as a listen.Certificate. NotAfter is
// called at each scrape, by any number of goroutines.
type Expiring interface{ NotAfter() time.Time }

// A watched is what others tell at each scrape.
type watched struct {
	certificates map[string]Expiring
	insecure     func() map[string]int
}

// WatchCertificate has the end of a certificate that is served exported under
// a name of the caller's: that of its file or listener. A second one of the same
// name replaces the first.
func (m *Metrics) WatchCertificate(name string, c Expiring) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.watched.certificates == nil {
		m.watched.certificates = map[string]Expiring{}
	}
	m.watched.certificates[clean(name)] = c
}

// WatchInsecure has the unsafe options that are on exported, as count tells
// them at each scrape: Gateway.Insecure as a rule. The last call counts.
func (m *Metrics) WatchInsecure(count func() map[string]int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watched.insecure = count
}

func (m *Metrics) collectWatched(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	certificates, insecure := maps.Clone(m.watched.certificates), m.watched.insecure
	m.mu.Unlock()
	for name, c := range certificates {
		ch <- gauge(m.descs.notAfter, float64(c.NotAfter().Unix()), name)
	}
	if insecure == nil {
		return
	}
	for option, n := range insecure() {
		ch <- gauge(m.descs.insecure, float64(n), clean(option))
	}
}

func gauge(desc *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, labels...)
}
