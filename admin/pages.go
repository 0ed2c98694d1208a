package admin

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

const plainText = "text/plain; charset=utf-8"

// live says that the process serves.
func (s *server) live(w http.ResponseWriter, _ *http.Request) {
	send(w, http.StatusOK, plainText, []byte("ok\n"))
}

// ready says whether the gateway serves, and nothing else.
func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	if s.control.Serving() {
		send(w, http.StatusOK, plainText, []byte("ready\n"))
		return
	}
	send(w, http.StatusServiceUnavailable, plainText, []byte("not ready\n"))
}

func (s *server) routes(w http.ResponseWriter, r *http.Request) {
	routes := s.control.Routes()
	if q := r.URL.Query(); q.Has("name") {
		i := slices.IndexFunc(routes, func(st pipeline.RouteStatus) bool { return st.Name == q.Get("name") })
		if i < 0 {
			refuse(w, http.StatusNotFound, CodeRouteUnknown)
			return
		}
		routes = routes[i : i+1]
	}
	if routes == nil {
		routes = []pipeline.RouteStatus{}
	}
	sendJSON(w, struct {
		Routes []pipeline.RouteStatus `json:"routes"`
	}{routes})
}

func (s *server) config(w http.ResponseWriter, _ *http.Request) {
	status := s.control.Config()
	if status.History == nil {
		status.History = []pipeline.Version{}
	}
	sendJSON(w, status)
}

func upstreams(u Upstreams) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		all := u.Upstreams()
		if all == nil {
			all = []pipeline.UpstreamStatus{}
		}
		sendJSON(w, struct {
			Upstreams []pipeline.UpstreamStatus `json:"upstreams"`
		}{all})
	}
}

// sendJSON encodes before it answers, so that a value that cannot be encoded
// is a 500 and not half a document.
func sendJSON(w http.ResponseWriter, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		refuse(w, http.StatusInternalServerError, CodeInternal)
		return
	}
	send(w, http.StatusOK, "application/json", append(body, '\n'))
}
