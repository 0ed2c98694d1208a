package answer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/internal/field"
)

// RespondConfig holds the settings of the kind "respond".
type RespondConfig struct {
	// Status is the status of the answer, from 200 to 599. Default 200.
	Status int `json:"status,omitempty"`
	// ContentType is the media type of Body. Default text/plain; charset=utf-8.
	ContentType string `json:"content_type,omitempty"`
	// Body is sent as it stands. Default: none.
	Body string `json:"body,omitempty"`
	// Headers maps further fields to their values, sent as they stand.
	Headers map[string]string `json:"headers,omitempty"`
}

// Validate reports what is wrong with c.
func (c RespondConfig) Validate() error {
	var faults registry.Faults
	status := cmp.Or(c.Status, http.StatusOK)
	switch {
	case status < 200 || status > 599:
		faults.Add("/status", "want a status from 200 to 599, not %d", status)
	case bodiless(status) && c.Body != "":
		faults.Add("/body", "an answer with status %d has no body", status)
	}
	if c.ContentType != "" {
		if _, _, err := mime.ParseMediaType(c.ContentType); err != nil || !field.ValidValue(c.ContentType) {
			faults.Add("/content_type", "want a media type such as application/json, not %q", c.ContentType)
		}
	}
	checkHeaders(&faults, c.Headers)
	return faults.Err()
}

func bodiless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusResetContent || status == http.StatusNotModified
}

func checkHeaders(faults *registry.Faults, headers map[string]string) {
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		at := "/headers/" + registry.Escape(name)
		if err := headerFault(name, headers[name]); err != nil {
			faults.Add(at, "%w", err)
		}
		if canonical := http.CanonicalHeaderKey(name); seen[canonical] {
			faults.Add(at, "%s is given twice", canonical)
		}
		seen[http.CanonicalHeaderKey(name)] = true
	}
}

func headerFault(name, value string) error {
	if err := field.Editable(name); err != nil {
		return err
	}
	if http.CanonicalHeaderKey(name) == "Content-Type" {
		return fmt.Errorf("set content_type instead")
	}
	if !field.ValidValue(value) {
		return fmt.Errorf("want no control characters in the value of a field (RFC 9110 section 5.5)")
	}
	return nil
}

// Respond makes a stage that answers by itself and calls nothing behind it.
func Respond(name string, c RespondConfig) (pipeline.Stage, error) {
	if err := c.Validate(); err != nil {
		return pipeline.Stage{}, err
	}
	status, body := cmp.Or(c.Status, http.StatusOK), []byte(c.Body)
	contentType := c.ContentType
	if contentType == "" && len(body) > 0 {
		contentType = "text/plain; charset=utf-8"
	}
	header := make(http.Header, len(c.Headers))
	for name, value := range c.Headers {
		header[http.CanonicalHeaderKey(name)] = []string{value}
	}
	return last(name, func(x *pipeline.Exchange) (*http.Response, error) {
		resp := pipeline.Respond(x, status, contentType, body)
		maps.Copy(resp.Header, header) // values are shared, and replaced by whoever alters them
		return resp, nil
	}), nil
}

// last makes a stage that answers all callers alike and calls nothing behind it.
func last(name string, answer func(x *pipeline.Exchange) (*http.Response, error)) pipeline.Stage {
	return pipeline.Stage{
		Name: name, Phase: pipeline.Forward,
		Vary: func(*pipeline.Exchange) string { return "" },
		Wrap: func(pipeline.Handler) pipeline.Handler {
			return func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) { return answer(x) }
		},
	}
}
