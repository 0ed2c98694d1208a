package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// startBackends starts what the demo's configuration routes to.
func startBackends() (map[string]*service, error) {
	all := map[string]*service{}
	for name, h := range map[string]http.Handler{
		"users-a": users("users-a"), "users-b": users("users-b"), "users-c": users("users-c"),
		"orders": orders(), "events": events(),
	} {
		s, err := startService(h)
		if err != nil {
			return nil, err
		}
		all[name] = s
	}
	return all, nil
}

// users answers with who asked, as the gateway told it.
func users(instance string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{
			"id": r.PathValue("id"), "name": "Ada", "ssn": "123-45-6789", "served_by": instance,
			"consumer": r.Header.Get("X-Consumer"), "plan": r.Header.Get("X-Plan"), "request_id": r.Header.Get("X-Request-Id"),
		})
	})
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /users", func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			http.Error(w, "body", http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "%d bytes\n", n)
	})
	return mux
}

// orders is a backend without any policy of its own.
func orders() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"orders":[]}`+"\n")
	})
}

// events sends an event each second, and echoes on a socket after a greeting.
func events() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for n := 1; ; n++ {
			fmt.Fprintf(w, "data: event %d\n\n", n)
			if http.NewResponseController(w).Flush() != nil {
				return
			}
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
			}
		}
	})
	mux.HandleFunc("GET /socket", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		if c.Write(r.Context(), websocket.MessageText, []byte("welcome to the socket")) != nil {
			return
		}
		for {
			kind, message, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	})
	return mux
}
