package edge

import (
	"maps"
	"net/http"
)

// Interim sends a 1xx response now. It implements pipeline.Link: it may be
// called from any goroutine, also while the final head is made, and does
// nothing from then on. 100 is the server's to send and 101 is a final answer;
// an HTTP/1.0 client knows neither (RFC 9110 section 15.2).
func (c *call) Interim(status int, h http.Header) {
	if status <= http.StatusSwitchingProtocols || status >= 200 || !c.client.ProtoAtLeast(1, 1) {
		return
	}
	c.interim.mu.Lock()
	defer c.interim.mu.Unlock()
	if c.interim.over || c.interim.sent == maxInterim {
		return
	}
	c.interim.sent++
	head := c.w.Header()
	kept := maps.Clone(head) // what is there belongs to the final answer
	clear(head)
	c.copyFields(head, h)
	c.w.WriteHeader(status)
	clear(head)
	maps.Copy(head, kept)
}

// seal lets nothing but the final head out from now on.
func (c *call) seal() {
	c.interim.mu.Lock()
	c.interim.over = true
	c.interim.mu.Unlock()
}
