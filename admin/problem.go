package admin

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Codes of the refusals of the admin API, besides those of package pipeline.
const (
	CodeHostRefused  = "admin_host_refused"  // 403
	CodeUnknown      = "admin_path_unknown"  // 404
	CodeRouteUnknown = "admin_route_unknown" // 404: no route of the name asked for
	CodeInternal     = "admin_internal"      // 500
	CodeBusy         = "admin_busy"          // 503: a profile of this kind is being taken
	CodeMalformed    = "admin_malformed"     // 400: a parameter
)

// A problem is a problem document (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
}

func refuse(w http.ResponseWriter, status int, code string) {
	body, err := json.Marshal(problem{"about:blank", http.StatusText(status), status, code})
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	send(w, status, "application/problem+json", append(body, '\n'))
}

func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // an operator that went away is nobody to tell
}
