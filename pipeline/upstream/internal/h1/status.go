package h1

import "net/http"

// protocol is what every answer begins with.
const protocol = "HTTP/1."

// begins reports whether what came so far may be the beginning of an answer,
// so that another protocol is known by its first bytes.
func begins(b []byte) bool {
	n := min(len(b), len(protocol))
	return string(b[:n]) == protocol[:n]
}

// parseStatus reads a status line (RFC 9112 section 4). A line without reason
// may end behind the status.
func parseStatus(line string, resp *http.Response) error {
	if len(line) < len("HTTP/1.1 200") || line[:len(protocol)] != protocol || line[8] != ' ' {
		return MalformedError("no status line")
	}
	switch line[7] {
	case '0':
		resp.Proto, resp.ProtoMinor = "HTTP/1.0", 0
	case '1':
		resp.Proto, resp.ProtoMinor = "HTTP/1.1", 1
	default:
		return MalformedError("another version of HTTP")
	}
	resp.ProtoMajor = 1
	resp.Status = line[9:]
	digits := line[9:12]
	if !isDigits(digits) || digits[0] == '0' || len(line) > 12 && line[12] != ' ' {
		return MalformedError("the status is none")
	}
	if !isText(line[12:]) {
		return MalformedError("a control character in the status line")
	}
	resp.StatusCode = int(digits[0]-'0')*100 + int(digits[1]-'0')*10 + int(digits[2]-'0')
	return nil
}
