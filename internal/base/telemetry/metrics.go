package telemetry

import (
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Namespace starts the name of every metric of our own.
const Namespace = "nubitalk"

// labelNames are the only labels a metric may have. None can hold a person's
// data, and each has few values: ids of tenants, users or interactions are not
// among them. line is the name that the operator gave one of its telephone lines.
var labelNames = []string{
	"channel", "code", "command", "direction", "engine", "event", "kind", "line", "method", "outcome",
	"part", "route", "state", "version", "commit", "go_version",
}

// Metrics is a registry. Its constructors panic on a bad name or label, which
// is a programming mistake and shows at the first start.
type Metrics struct{ registry *prometheus.Registry }

// NewMetrics makes a registry with the Go runtime's, the process's and the
// build's figures.
func NewMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	b := ReadBuild()
	m.Gauge("build_info", "1, with what runs in the labels.", "version", "commit", "go_version").
		WithLabelValues(b.Version, b.Commit, b.Go).Set(1)
	return m
}

// Handler answers the metrics in Prometheus's format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, MaxRequestsInFlight: 4})
}

// Gatherer gives the raw figures, for tests and the system page.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Counter makes a counter; name by convention ends in _total.
func (m *Metrics) Counter(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: Namespace, Name: name, Help: help}, check(name, labels))
	m.registry.MustRegister(c)
	return c
}

// Gauge makes a gauge.
func (m *Metrics) Gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: Namespace, Name: name, Help: help}, check(name, labels))
	m.registry.MustRegister(g)
	return g
}

// Seconds makes a histogram of durations; name by convention ends in _seconds.
// The buckets run from 100 µs to 10 s.
func (m *Metrics) Seconds(name, help string, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: Namespace, Name: name, Help: help,
		Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, check(name, labels))
	m.registry.MustRegister(h)
	return h
}

// CounterFunc shows a count that a part keeps itself.
func (m *Metrics) CounterFunc(name, help string, f func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: Namespace, Name: name, Help: help}, f))
}

// GaugeFunc shows a figure that a part knows itself.
func (m *Metrics) GaugeFunc(name, help string, f func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: Namespace, Name: name, Help: help}, f))
}

func check(name string, labels []string) []string {
	for _, l := range labels {
		if !slices.Contains(labelNames, l) {
			panic("telemetry: metric " + name + " has the label " + l + ", which is not in labelNames")
		}
	}
	return labels
}
