package edge

import (
	"maps"
	"net/http"
)

// Interim sends a 1xx response now. It implements pipeline.Link: it may be
// called from any goroutine, also while the final head is made, and does
// nothing from then on, nor while the client is asked for its body. 100 is the server's to send and 101 is a final answer;
// an HTTP/1.0 client knows neither (RFC 9110 section 15.2).
func (c *call) Interim(status int, h http.Header) {
	if status <= http.StatusSwitchingProtocols || status >= 200 || !c.client.ProtoAtLeast(1, 1) {
		return
	}
	c.interim.mu.Lock()
	defer c.interim.mu.Unlock()
	if c.interim.over || c.interim.asking || c.interim.sent == maxInterim {
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

// ask says whether the client is being asked for its body: net/http writes the
// 100 from Body.Read, and does not expect another 1xx from elsewhere meanwhile.
func (c *call) ask(now bool) {
	c.interim.mu.Lock()
	c.interim.asking = now
	c.interim.mu.Unlock()
}

// seal lets nothing but the final head out from now on.
func (c *call) seal() {
	c.interim.mu.Lock()
	c.interim.over = true
	c.interim.mu.Unlock()
}
