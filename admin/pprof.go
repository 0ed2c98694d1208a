package admin

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"time"
)

// profiles returns the pages below /debug/pprof/, in the forms that
// "go tool pprof" and "go tool trace" read. They are made of runtime/pprof:
// net/http/pprof serves them on http.DefaultServeMux as soon as it is imported.
func profiles() map[string]http.HandlerFunc {
	pages := map[string]http.HandlerFunc{
		"/debug/pprof/profile": timed(30*time.Second, pprof.StartCPUProfile, pprof.StopCPUProfile),
		"/debug/pprof/trace":   timed(time.Second, trace.Start, trace.Stop),
	}
	for _, name := range []string{"allocs", "block", "goroutine", "heap", "mutex", "threadcreate"} {
		pages["/debug/pprof/"+name] = profile(name)
	}
	return pages
}

func profile(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		level, contentType := 0, "application/octet-stream"
		if r.URL.Query().Get("debug") == "1" {
			level, contentType = 1, plainText
		}
		var buf bytes.Buffer
		p := pprof.Lookup(name)
		if p == nil || p.WriteTo(&buf, level) != nil {
			refuse(w, http.StatusInternalServerError, CodeInternal)
			return
		}
		send(w, http.StatusOK, contentType, buf.Bytes())
	}
}

// maxProfile bounds how long a profile may be taken.
const maxProfile = time.Minute

// timed serves a profile that is taken for the seconds of a parameter. One of
// a kind is taken at a time.
func timed(usual time.Duration, start func(io.Writer) error, stop func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d, err := seconds(r.URL.Query().Get("seconds"), usual)
		if err != nil {
			refuse(w, http.StatusBadRequest, CodeMalformed)
			return
		}
		if r.Method == http.MethodHead {
			w.Header().Set("Content-Type", "application/octet-stream")
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		if start(w) != nil {
			refuse(w, http.StatusServiceUnavailable, CodeBusy)
			return
		}
		defer stop()
		pause(r, d)
	}
}

func seconds(text string, usual time.Duration) (time.Duration, error) {
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > int(maxProfile/time.Second) {
		return 0, errSeconds
	}
	return time.Duration(n) * time.Second, nil
}

var errSeconds = errors.New("want whole seconds from 1 to 60")

// pause waits for d, or until the client has gone.
func pause(r *http.Request, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
}
