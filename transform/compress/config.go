package compress

import (
	"fmt"
	"slices"

	"github.com/seed-f9645bd3/gateway/registry"
)

// Config holds the settings of the kind "compress".
type Config struct {
	// Encodings lists what may be used, the preferred first: zstd, br, gzip.
	// Default: all three, in this order. Among those that the client wants alike
	// the first is taken.
	Encodings []string `json:"encodings,omitempty" enum:"zstd,br,gzip"`
	// MinLength is the length below which a response of known length is left
	// alone. Default 1KiB. Of unknown length all are compressed.
	MinLength registry.Size `json:"min_length,omitempty"`
	// Types lists the media types that are compressed: "application/json",
	// "text/*", "application/*+json". Default: text, JSON, XML, JavaScript, SVG,
	// NDJSON and WebAssembly. Event streams (text/event-stream) only where they
	// are named in full.
	Types []string `json:"types,omitempty"`
	// Cookies says what becomes of exchanges with cookies, whose secrets the
	// length of a compressed answer can betray to a page of another site
	// (BREACH): same_origin (the default) compresses where the browser says by
	// Sec-Fetch-Site that the page is of the same origin or that there is none,
	// and no answer that sets a cookie; always compresses all of them.
	Cookies string `json:"cookies,omitempty" enum:"same_origin,always"`
}

// DefaultMinLength is the MinLength where Config names none.
const DefaultMinLength = registry.KiB

func (c Config) encodings() []string {
	if len(c.Encodings) == 0 {
		return []string{"zstd", "br", "gzip"}
	}
	return c.Encodings
}

func (c Config) types() []string {
	if len(c.Types) == 0 {
		return []string{
			"text/*", "application/json", "application/*+json", "application/x-ndjson",
			"application/xml", "application/*+xml", "image/svg+xml",
			"application/javascript", "application/wasm",
		}
	}
	return c.Types
}

// Validate reports what is wrong with c.
func (c Config) Validate() error {
	var faults registry.Faults
	known := []string{"zstd", "br", "gzip"}
	for i, e := range c.Encodings {
		at := fmt.Sprintf("/encodings/%d", i)
		if !slices.Contains(known, e) {
			faults.Add(at, "%w", registry.Unknown("encoding", e, known))
		}
		if slices.Contains(c.Encodings[:i], e) {
			faults.Add(at, "%q is listed twice", e)
		}
	}
	if c.MinLength < 0 {
		faults.Add("/min_length", "want 0 or more bytes, not %d", c.MinLength.Bytes())
	}
	for i, t := range c.Types {
		if _, err := parseType(t); err != nil {
			faults.Add(fmt.Sprintf("/types/%d", i), "%w", err)
		}
	}
	choices := []string{"same_origin", "always"}
	if c.Cookies != "" && !slices.Contains(choices, c.Cookies) {
		faults.Add("/cookies", "%w", registry.Unknown("choice", c.Cookies, choices))
	}
	return faults.Err()
}
