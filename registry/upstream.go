package registry

// An Upstream is a set of endpoints that serve the same thing.
type Upstream struct {
	// Name is what routes call it. Required.
	Name string `json:"name"`
	// Endpoints are the addresses that attempts are spread over: one at least,
	// unless the program serves the upstream itself.
	Endpoints []Endpoint `json:"endpoints,omitempty"`
	// Balancer names the kind that picks the endpoint; round_robin, which
	// honours weights, is the default.
	Balancer *Policy `json:"balancer,omitempty" kind:"upstream.Balancer"`
	// Host is what backends get as Host: endpoint (the default, the host of
	// its URL), preserve (the client's), or a literal name.
	Host string `json:"host,omitempty"`
	// Forward says what backends are told of the client.
	Forward Forward `json:"forward,omitzero"`
	// Connections bounds the pool of each endpoint.
	Connections Connections `json:"connections,omitzero"`
	// Timeouts bounds the steps of one attempt.
	Timeouts Timeouts `json:"timeouts,omitzero"`
	// TLS is how https endpoints are verified, and what they are shown.
	TLS UpstreamTLS `json:"tls,omitzero"`
	// Health says how it is found out which endpoints are fit to serve: by
	// active probes, passively by the attempts themselves, or both.
	Health Health `json:"health,omitzero"`

	Pos Pos `json:"-"`
}

// An Endpoint is one address of an upstream. Scheme and host count; a path in
// front of the request's is allowed.
type Endpoint struct {
	// URL is http or https, a host, and a path where one stands in front:
	// "https://10.0.0.7:8443/base". Required.
	URL string `json:"url"`
	// Weight is its share beside the others; 0 means 1.
	Weight int `json:"weight,omitempty"`
	// Zone is where it is, for balancers that prefer the near.
	Zone string `json:"zone,omitempty"`
	// Version is what it runs, for balancers that split by it.
	Version string `json:"version,omitempty"`
}

// Forward says what a backend is told of the client. Its zero value sends
// X-Forwarded-For, -Host and -Proto, and Via.
type Forward struct {
	// XForwarded is on (the default) or off.
	XForwarded string `json:"x_forwarded,omitempty" enum:"on,off"`
	// Forwarded (RFC 7239) is on or off (the default).
	Forwarded string `json:"forwarded,omitempty" enum:"on,off"`
	// Via (RFC 9110 section 7.6.3) is on (the default) or off.
	Via string `json:"via,omitempty" enum:"on,off"`
}

// Connections bounds the pooled connections to each endpoint.
type Connections struct {
	// MaxPerEndpoint bounds the connections to one endpoint; 0 means 1024.
	MaxPerEndpoint int `json:"max_per_endpoint,omitempty"`
	// IdlePerEndpoint bounds the kept idle ones; 0 means 64.
	IdlePerEndpoint int `json:"idle_per_endpoint,omitempty"`
	// Idle is how long an idle connection is kept; 0 means 90s.
	Idle Duration `json:"idle,omitempty"`
	// MaxAge is how old a connection may become, give or take a tenth: an
	// older one serves no further request. 0 means any age. It spreads load
	// anew over what stands behind the address of an endpoint. For HTTP/1.1 by
	// client direct: not for https endpoints unless HTTP2 is off.
	MaxAge Duration `json:"max_age,omitempty"`
	// HTTP2 lets TLS backends choose HTTP/2: on (the default) or off.
	HTTP2 string `json:"http2,omitempty" enum:"on,off"`
	// Client is what speaks HTTP/1.1 with backends: direct (the default), our
	// own client, which serves an exchange in its own goroutine, or net_http,
	// the standard library's. Where HTTP/2 may be chosen, and where the program
	// wraps the transport, it is net_http all the same.
	Client string `json:"client,omitempty" enum:"direct,net_http"`
}

// Timeouts bounds the steps of one attempt.
type Timeouts struct {
	// Dial bounds the connecting; 0 means 2s.
	Dial Duration `json:"dial,omitempty"`
	// TLSHandshake bounds the handshake; 0 means 5s.
	TLSHandshake Duration `json:"tls_handshake,omitempty"`
	// ResponseHead bounds the wait for the response head after the request
	// was written; 0 means 60s. The route's timeout may be shorter.
	ResponseHead Duration `json:"response_head,omitempty"`
}

// UpstreamTLS holds the settings towards https endpoints. Names are verified.
// Files are read when the upstream is built: at the start, and where its
// settings have changed.
type UpstreamTLS struct {
	// ServerName overrides the name that the certificate is held to.
	ServerName string `json:"server_name,omitempty"`
	// CAFile replaces the system's roots.
	CAFile string `json:"ca_file,omitempty"`
	// CertFile is the certificate shown to endpoints that ask for one, with
	// its chain, as PEM; with KeyFile. None is shown by default.
	CertFile string `json:"cert_file,omitempty"`
	// KeyFile is the private key of CertFile, as PEM.
	KeyFile string `json:"key_file,omitempty"`
	// InsecureSkipVerify accepts any certificate: for tests only, and logged
	// at each start.
	InsecureSkipVerify bool `json:"insecure_skip_verify,omitempty"`
}
