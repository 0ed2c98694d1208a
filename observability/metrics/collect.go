package metrics

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

type descs struct {
	requests, duration, upstream, overhead *prometheus.Desc
	bytesIn, bytesOut, denials, routes     *prometheus.Desc
	plans, planDuration, consumers         *prometheus.Desc
	notAfter, insecure, units              *prometheus.Desc
	dropped, failed                        *prometheus.Desc
}

func newDescs() descs {
	desc := prometheus.NewDesc
	return descs{
		notAfter: desc("gateway_certificate_not_after_seconds",
			"When the certificate that is served ends, in seconds since 1970.", []string{"certificate"}, nil),
		insecure: desc("gateway_insecure_options",
			"How often an unsafe option is on in the configuration that serves.", []string{"option"}, nil),
		requests: desc("gateway_requests_total",
			"Exchanges that ended, by the status that the client got.", []string{"route", "api", "status"}, nil),
		duration: desc("gateway_request_duration_seconds",
			"Time from the request head to the end of the response body.", []string{"route"}, nil),
		upstream: desc("gateway_upstream_duration_seconds",
			"Time spent waiting for response heads of the upstream, over all attempts.", []string{"route"}, nil),
		overhead: desc("gateway_overhead_seconds",
			"Time not spent waiting for response heads: the gateway's own work and the transfer of bodies.",
			[]string{"route"}, nil),
		bytesIn:  desc("gateway_request_bytes_total", "Bytes of request bodies.", []string{"route"}, nil),
		bytesOut: desc("gateway_response_bytes_total", "Bytes of response bodies.", []string{"route"}, nil),
		denials: desc("gateway_denials_total",
			"Denials, by the stage that denied and its code.", []string{"route", "stage", "code"}, nil),
		routes: desc("gateway_metrics_routes", "Routes that have series of their own.", nil, nil),
		plans: desc("gateway_requests_by_plan_total",
			"Exchanges of subscribers that ended, by API, plan of the subscription and class of status.",
			[]string{"api", "plan", "class"}, nil),
		planDuration: desc("gateway_plan_duration_seconds",
			"Time from the request head to the end of the response body, by API and plan of the subscription.",
			[]string{"api", "plan"}, nil),
		consumers: desc("gateway_consumer_errors_total",
			"Exchanges that ended in 4xx or 5xx, by consumer.", []string{"consumer", "class"}, nil),
		units: desc("gateway_units_total",
			"What answers came to in the units that a policy counts them in.",
			[]string{"route", "api", "plan", "policy", "unit"}, nil),
		dropped: desc("gateway_recorder_dropped_total",
			"Records that found no room in the queue of a recorder.", []string{"recorder"}, nil),
		failed: desc("gateway_recorder_failed_total",
			"Records that a recorder could not write.", []string{"recorder"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	d := &m.descs
	for _, desc := range []*prometheus.Desc{
		d.notAfter, d.insecure, d.requests, d.duration, d.upstream, d.overhead, d.bytesIn, d.bytesOut, d.denials, d.routes, d.plans, d.planDuration, d.consumers, d.units, d.dropped, d.failed,
	} {
		ch <- desc
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	all := slices.AppendSeq([]*counts{m.none, m.other}, maps.Values(m.routes))
	queues := slices.Clone(m.queues)
	m.mu.Unlock()

	ch <- prometheus.MustNewConstMetric(m.descs.routes, prometheus.GaugeValue, float64(len(all)-2))
	for _, c := range all {
		m.collect(ch, c)
	}
	m.collectCallers(ch)
	m.collectUnits(ch)
	m.collectWatched(ch)
	for _, q := range queues {
		ch <- counter(m.descs.dropped, q.counts.Dropped(), q.recorder)
		ch <- counter(m.descs.failed, q.counts.Failed(), q.recorder)
	}
}

// collect tells of one route, unless nothing has happened there.
func (m *Metrics) collect(ch chan<- prometheus.Metric, c *counts) {
	d := &m.descs
	served := false
	for slot := range c.status {
		if n := c.status[slot].Load(); n > 0 {
			ch <- counter(d.requests, n, c.route, c.api, m.statusNames[slot])
			served = true
		}
	}
	if !served {
		return
	}
	ch <- counter(d.bytesIn, c.bytesIn.Load(), c.route)
	ch <- counter(d.bytesOut, c.bytesOut.Load(), c.route)
	collectHistogram(ch, d.duration, &c.duration, m.durations, c.route)
	collectHistogram(ch, d.upstream, &c.upstream, m.durations, c.route)
	collectHistogram(ch, d.overhead, &c.overhead, m.overheads, c.route)
	for pair, n := range c.denials.all() {
		ch <- counter(d.denials, n.Load(), c.route, pair.stage, pair.code)
	}
}

func counter(desc *prometheus.Desc, n uint64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), labels...)
}

// collectHistogram leaves out what was never observed.
func collectHistogram(ch chan<- prometheus.Metric, desc *prometheus.Desc, h *histogram, seconds []float64, labels ...string) {
	if count, sum, buckets := h.read(seconds); count > 0 {
		ch <- prometheus.MustNewConstHistogram(desc, count, sum, buckets, labels...)
	}
}
