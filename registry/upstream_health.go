package registry

// Health says how it is found out which endpoints are fit to serve. Its zero
// value takes each for fit.
type Health struct {
	// Active probes each endpoint at intervals. One that is unhealthy gets no
	// attempts.
	Active *ActiveHealth `json:"active,omitempty"`
	// Passive learns from the attempts themselves, and leaves out for a while
	// an endpoint that fails them.
	Passive *PassiveHealth `json:"passive,omitempty"`
}

// ActiveHealth probes endpoints: by http or by tcp, one of the two.
type ActiveHealth struct {
	// HTTP asks for a path and looks at the status.
	HTTP *HTTPProbe `json:"http,omitempty"`
	// TCP makes a connection and closes it.
	TCP *TCPProbe `json:"tcp,omitempty"`
	// Interval is the time between two probes of one endpoint, give or take a
	// tenth; 0 means 5s, the least is 10ms.
	Interval Duration `json:"interval,omitempty"`
	// Timeout bounds one probe, at most the interval; 0 means 2s, or the
	// interval where that is shorter.
	Timeout Duration `json:"timeout,omitempty"`
	// UnhealthyAfter is how many failures in a row make an endpoint unhealthy;
	// 0 means 3.
	UnhealthyAfter int `json:"unhealthy_after,omitempty"`
	// HealthyAfter is how many successes in a row make it healthy again; 0
	// means 2. For an endpoint that was never probed, one is enough.
	HealthyAfter int `json:"healthy_after,omitempty"`
	// Initial is what a new endpoint is taken for until probes have spoken:
	// healthy (the default) or unhealthy.
	Initial string `json:"initial,omitempty" enum:"healthy,unhealthy"`
}

// HTTPProbe is a GET whose status says whether the endpoint is healthy.
// Redirects are not followed.
type HTTPProbe struct {
	// Path is what is asked for, after the path of the endpoint's URL where it
	// has one; a query is allowed. Empty means /.
	Path string `json:"path,omitempty"`
	// Expect lists the statuses of a healthy endpoint; empty means 200 to 299.
	Expect []int `json:"expect,omitempty"`
	// Host is sent as Host; empty means what the upstream's own setting says,
	// and the host of the endpoint's URL where that is the client's.
	Host string `json:"host,omitempty"`
}

// TCPProbe has no settings.
type TCPProbe struct{}

// PassiveHealth ejects endpoints that fail attempts: no connection, a broken
// or malformed answer, none in time, and the statuses 502, 503 and 504. What
// the client breaks off counts neither way.
type PassiveHealth struct {
	// ConsecutiveFailures is how many in a row eject an endpoint; 0 means 5.
	ConsecutiveFailures int `json:"consecutive_failures,omitempty"`
	// EjectFor is how long it gets no attempts; 0 means 30s. Where it fails the
	// first attempt after that, it is ejected for twice as long as before.
	EjectFor Duration `json:"eject_for,omitempty"`
	// MaxEjectFor bounds that doubling; 0 means ten times eject_for.
	MaxEjectFor Duration `json:"max_eject_for,omitempty"`
	// MaxEjected is the share of the endpoints, above 0 and at most 1, that may
	// be ejected at a time, rounded down; 0 means 0.5. The last one never is.
	MaxEjected float64 `json:"max_ejected,omitempty"`
}
