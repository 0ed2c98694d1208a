package listen

// Codes of what is refused before there is a request; they stand beside those
// of pipeline, which are used where they fit.
const (
	CodeFraming        = "framing_refused"         // 400: where the message ends can be read in two ways
	CodeHeadTimeout    = "head_timeout"            // 408
	CodeTargetTooLong  = "target_too_long"         // 414
	CodeHeadTooLarge   = "head_too_large"          // 431
	CodeCodingUnknown  = "transfer_coding_unknown" // 501
	CodeVersionUnknown = "version_unknown"         // 505
	CodeMisdirected    = "misdirected"             // 421: the name of the TLS connection is another one
	CodeFlood          = "http2_flood"             // the connection is closed: frames that ask for nothing
	CodeProxyHeader    = "proxy_header_refused"    // the connection is closed
	CodeHandshake      = "handshake_failed"        // the connection is closed
	CodeConnections    = "too_many_connections"    // the connection is closed
)
