package upstream

import (
	"net/url"

	"github.com/seed-f9645bd3/gateway/registry"
)

// speaksDirect reports whether our own client speaks with the endpoint at
// address. It does where HTTP/1.1 is certain: HTTP/2 is the matter of
// net/http, and so is a host whose name has yet to be made ASCII.
func speaksDirect(c registry.Connections, address *url.URL) bool {
	if c.Client == clientNetHTTP || address.Scheme == "https" && c.HTTP2 != "off" {
		return false
	}
	for i := range len(address.Host) {
		if address.Host[i] >= 0x80 {
			return false
		}
	}
	return true
}
