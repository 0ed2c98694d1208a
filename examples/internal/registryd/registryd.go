// Package registryd is a small registry: it serves a gateway its configuration
// from a folder, and takes changes of the directory while it runs.
//
// The folder holds gateway.yaml (or .json), the document, and directory.json, a
// list of changes in the form of registry.Feed that sets up the directory.
package registryd

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/seed-f9645bd3/gateway/registry"
)

const (
	maxChange = 1 << 20
	maxLog    = 100_000 // changes that are kept for who is behind
)

// A Registry serves one folder. It is safe for use by many goroutines.
type Registry struct {
	folder string
	mux    *http.ServeMux

	mu    sync.Mutex
	all   map[string]registry.Change // by what identifies it
	order []string
	log   []registry.Change
	first int // the cursor of log[0]
	epoch string
}

// New reads the folder.
func New(folder string) (*Registry, error) {
	r := &Registry{folder: folder, mux: http.NewServeMux(), all: map[string]registry.Change{}}
	raw, err := os.ReadFile(filepath.Join(folder, "directory.json"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		page, err := registry.DecodeFeed(raw)
		if err != nil {
			return nil, err
		}
		for _, c := range page.Changes {
			r.keep(c)
		}
	}
	r.epoch = tag(raw)[:8]
	r.mux.HandleFunc("GET /document", r.document)
	r.mux.HandleFunc("GET /directory", r.directory)
	r.mux.HandleFunc("POST /directory", r.change)
	return r, nil
}

// ServeHTTP serves the document, the directory, and takes its changes.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.mux.ServeHTTP(w, req) }

func (r *Registry) document(w http.ResponseWriter, req *http.Request) {
	body, err := r.read()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	etag := `"` + tag(body) + `"`
	w.Header().Set("ETag", etag)
	if req.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// read returns the document as JSON.
func (r *Registry) read() ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(r.folder, "gateway.json"))
	if err == nil {
		return raw, nil
	}
	raw, err = os.ReadFile(filepath.Join(r.folder, "gateway.yaml"))
	if err != nil {
		return nil, err
	}
	return yaml.YAMLToJSON(raw)
}

func tag(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}

// directory serves what has changed since the cursor, everything where it is
// not ours or too old.
func (r *Registry) directory(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	end := r.first + len(r.log)
	from, known := r.at(req.URL.Query().Get("cursor"))
	if known && from == end {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	page := registry.Feed{Cursor: r.epoch + "-" + strconv.Itoa(end)}
	if known {
		page.Changes = r.log[from-r.first:]
	} else {
		page.Reset = true
		for _, id := range r.order {
			if c, ok := r.all[id]; ok {
				page.Changes = append(page.Changes, c)
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(page)
}

func (r *Registry) at(cursor string) (int, bool) {
	epoch, digits, _ := cutLast(cursor)
	n, err := strconv.Atoi(digits)
	return n, err == nil && epoch == r.epoch && n >= r.first && n <= r.first+len(r.log)
}

func cutLast(s string) (before, after string, found bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '-' {
			return s[:i], s[i+1:], true
		}
	}
	return "", s, false
}

// change takes a page of changes.
func (r *Registry) change(w http.ResponseWriter, req *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(req.Body, maxChange))
	if err != nil {
		http.Error(w, "body", http.StatusBadRequest)
		return
	}
	page, err := registry.DecodeFeed(raw)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range page.Changes {
		r.keep(c)
		r.log = append(r.log, c)
	}
	if over := len(r.log) - maxLog; over > 0 {
		r.log, r.first = r.log[over:], r.first+over
	}
	fmt.Fprintf(w, "%d changes taken\n", len(page.Changes))
}

func (r *Registry) keep(c registry.Change) {
	id := identity(c)
	if c.Remove {
		delete(r.all, id)
		return
	}
	if _, ok := r.all[id]; !ok {
		r.order = append(r.order, id)
	}
	r.all[id] = c
}

func identity(c registry.Change) string {
	switch {
	case c.Plan != nil:
		return "plan/" + c.Plan.Name
	case c.Subscription != nil:
		s := c.Subscription
		return fmt.Sprintf("subscription/%q/%q/%q", s.Consumer, s.API, s.Environment)
	}
	return "credential/" + hex.EncodeToString(c.Sum[:])
}
