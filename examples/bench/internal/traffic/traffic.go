// Package traffic says what is sent and what has to come back: the workloads,
// their documents, their paths, and the tokens of the callers.
package traffic

import (
	"bytes"
	"fmt"
	"strings"
)

// Numbers of what a run is about.
const (
	Routes        = 10_000  // of the pass-through; each request takes one at random
	FullRoutes    = 1_000   // of the full chain
	Subscriptions = 100_000 // that its directory holds
	Callers       = 256     // whose tokens are sent, spread over the subscriptions

	Issuer   = "https://idp.example"
	Audience = "bench"
	Scope    = "items.read"
	Host     = "bench.example"
)

// A Workload is what clients do.
type Workload struct {
	Name   string
	Title  string
	Method string
	Large  bool    // an answer of 64 KiB in place of 1 KiB
	Body   int     // bytes that each request bears
	Rate   float64 // requests a second of an open loop; 0 is a closed loop
	HTTP2  bool
}

// Workloads returns all of them.
func Workloads() []Workload {
	return []Workload{
		{Name: "get_1k", Title: "GET, answer of 1 KiB, closed loop", Method: "GET"},
		{Name: "get_64k", Title: "GET, answer of 64 KiB, closed loop", Method: "GET", Large: true},
		{Name: "post_16k", Title: "POST of 16 KiB, answer of 1 KiB, closed loop", Method: "POST", Body: 16 << 10},
		{Name: "h2_1k", Title: "GET by HTTP/2, answer of 1 KiB, closed loop", Method: "GET", HTTP2: true},
		{Name: "open_400", Title: "GET, answer of 1 KiB, open loop of 400 requests a second", Method: "GET", Rate: 400},
	}
}

// Find returns the workload of a name.
func Find(name string) (Workload, error) {
	var names []string
	for _, w := range Workloads() {
		if w.Name == name {
			return w, nil
		}
		names = append(names, w.Name)
	}
	return Workload{}, fmt.Errorf("there is no workload %q; there are %s", name, strings.Join(names, ", "))
}

// Path is the form of the paths: the number of the route, what is asked for,
// and an id that no other request of the run has, so that no cache and no
// coalescing answers in the backend's place.
const Path = "/svc-%04d/%s/%08d"

// Target returns the path of one request.
func (w Workload) Target(route, id int) string {
	kind := "items"
	if w.Large {
		kind = "large"
	}
	return fmt.Sprintf(Path, route, kind, id)
}

// IsLarge tells whether the path of a start line asks for the large answer.
func IsLarge(start []byte) bool { return bytes.Contains(start, []byte("/large/")) }

// Posted returns the body that requests bear.
func (w Workload) Posted() []byte { return Pattern(w.Body) }

// Answer returns the body that has to come back: masked where the contender
// masks.
func (w Workload) Answer(masked bool) []byte {
	switch {
	case w.Large:
		return Pattern(64 << 10)
	case masked:
		return bytes.Replace(Document(), []byte(number), []byte(hidden), 1)
	}
	return Document()
}

const (
	number = `"123-45-6789"`
	hidden = `"***"`
)

// Document returns the JSON answer of 1 KiB.
func Document() []byte {
	const head = `{"id":"00000042","name":"Ada Lovelace","ssn":` + number + `,"address":{"street":"12 St James's Square","city":"London","zip":"SW1Y 4LB"},"orders":[`
	const order = `{"id":"o-%04d","sku":"sku-%06d","quantity":%d,"price":%d.95,"paid":true}`
	var b strings.Builder
	b.WriteString(head)
	for i := range 9 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, order, i, 977*i, i+1, 10+i)
	}
	b.WriteString(`],"note":"`)
	b.WriteString(strings.Repeat("x", 1024-b.Len()-len(`"}`)))
	b.WriteString(`"}`)
	return []byte(b.String())
}

// Pattern returns n bytes of which no two pages are equal, so that a piece
// that is lost, repeated or misplaced shows.
func Pattern(n int) []byte {
	out := make([]byte, n)
	state := uint32(2463534242)
	for i := range out {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		out[i] = byte(state)
	}
	return out
}
