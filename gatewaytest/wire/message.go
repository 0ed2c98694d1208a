package wire

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Field is one line of a head or of trailers, as it is on the wire.
type Field struct{ Name, Value string }

// Fields are the lines in their order.
type Fields []Field

// Get returns the values of a field in any case, joined by a comma and a space,
// and whether it is there.
func (fs Fields) Get(name string) (string, bool) {
	var values []string
	for _, f := range fs {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return strings.Join(values, ", "), len(values) > 0
}

// Like returns the names that some backend may take for name: in any case, and
// with anything in place of a hyphen.
func (fs Fields) Like(name string) (found []string) {
	for _, f := range fs {
		if strings.EqualFold(strings.ReplaceAll(f.Name, "_", "-"), name) {
			found = append(found, f.Name)
		}
	}
	return found
}

// A Message is a request or an answer as one strict reader reads it.
type Message struct {
	Line     string // the first line
	Head     Fields
	Body     string
	Trailers Fields
	Chunked  bool
}

// Method returns the method of a request.
func (m Message) Method() string {
	method, _, _ := strings.Cut(m.Line, " ")
	return method
}

// Target returns the target of a request.
func (m Message) Target() string {
	_, rest, _ := strings.Cut(m.Line, " ")
	target, _, _ := strings.Cut(rest, " ")
	return target
}

// Status returns the status of an answer.
func (m Message) Status() int {
	_, rest, _ := strings.Cut(m.Line, " ")
	code, _, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(code)
	if err != nil || len(code) != 3 {
		return 0
	}
	return n
}

// String returns method, target and body of a request.
func (m Message) String() string {
	return strings.TrimSpace(m.Method() + " " + m.Target() + " " + m.Body)
}

// ErrShort says that the bytes end before the message does.
var ErrShort = errors.New("the message is not whole")

// ReadRequest reads the request that b begins with, as RFC 9112 says and with
// none of the leniency that it allows, and returns what follows it. It is a
// reader of whole messages: it begins anew where it is given more. With
// ErrShort come the parts that are there.
func ReadRequest(b string) (m Message, rest string, err error) {
	m.Line, m.Head, rest, err = head(b)
	if err != nil {
		return m, b, err
	}
	parts := strings.Split(m.Line, " ")
	if len(parts) != 3 || !isToken(parts[0]) || parts[1] == "" || parts[2] != "HTTP/1.1" && parts[2] != "HTTP/1.0" {
		return m, b, fmt.Errorf("the request line %q is none", m.Line)
	}
	coding, coded := m.Head.Get("Transfer-Encoding")
	length, sized := m.Head.Get("Content-Length")
	switch {
	case coded && sized:
		return m, b, errors.New("both a coding and a length")
	case coded && !strings.EqualFold(coding, "chunked"):
		return m, b, fmt.Errorf("the coding %q", coding)
	case coded && parts[2] == "HTTP/1.0":
		return m, b, errors.New("a coding in HTTP/1.0")
	case coded:
		err = m.chunks(&rest)
	case sized:
		err = m.sized(length, &rest)
	}
	return m, rest, err
}

// ReadAnswer reads the answer to a request of the method that b begins with, as
// ReadRequest does. An answer that ends with its connection is whole where
// ended says that it did.
func ReadAnswer(b, method string, ended bool) (m Message, rest string, err error) {
	m.Line, m.Head, rest, err = head(b)
	if err != nil {
		return m, b, err
	}
	status := m.Status()
	if version, _, _ := strings.Cut(m.Line, " "); version != "HTTP/1.1" && version != "HTTP/1.0" || status < 100 {
		return m, b, fmt.Errorf("the status line %q is none", m.Line)
	}
	coding, coded := m.Head.Get("Transfer-Encoding")
	length, sized := m.Head.Get("Content-Length")
	switch {
	case coded && sized:
		return m, b, errors.New("both a coding and a length")
	case status < 200 || status == 204:
		if coded || sized {
			return m, b, fmt.Errorf("a length or coding in an answer of %d", status)
		}
	case method == "HEAD" || status == 304:
	case coded && !strings.EqualFold(coding, "chunked"):
		return m, b, fmt.Errorf("the coding %q", coding)
	case coded:
		err = m.chunks(&rest)
	case sized:
		err = m.sized(length, &rest)
	default:
		m.Body, rest = rest, ""
		if !ended {
			err = ErrShort
		}
	}
	return m, rest, err
}

// head splits off the first line and the fields.
func head(b string) (line string, fields Fields, rest string, err error) {
	line, rest, err = cutLine(b)
	if err != nil {
		return "", nil, b, err
	}
	fields, rest, err = section(rest)
	return line, fields, rest, err
}

// cutLine splits off a line that ends with CR LF, and has neither elsewhere.
func cutLine(b string) (line, rest string, err error) {
	end := strings.IndexByte(b, '\n')
	if end < 0 {
		return "", b, ErrShort
	}
	line, rest = b[:end], b[end+1:]
	if !strings.HasSuffix(line, "\r") || strings.IndexByte(line[:len(line)-1], '\r') >= 0 {
		return "", b, fmt.Errorf("the line %q does not end with CR LF alone", b[:end+1])
	}
	return line[:len(line)-1], rest, nil
}

// section reads fields up to the empty line.
func section(b string) (fields Fields, rest string, err error) {
	for {
		var line string
		if line, b, err = cutLine(b); err != nil || line == "" {
			return fields, b, err
		}
		name, value, found := strings.Cut(line, ":")
		if !found || !isToken(name) {
			return fields, b, fmt.Errorf("the field %q has no name", line)
		}
		if value = strings.Trim(value, " \t"); !isValue(value) {
			return fields, b, fmt.Errorf("the value of %q has a control character", line)
		}
		fields = append(fields, Field{name, value})
	}
}

func (m *Message) sized(length string, rest *string) error {
	n, err := strconv.ParseUint(length, 10, 62)
	if err != nil || strings.Trim(length, "0123456789") != "" {
		return fmt.Errorf("the length %q", length)
	}
	if uint64(len(*rest)) < n {
		m.Body, *rest = *rest, ""
		return ErrShort
	}
	m.Body, *rest = (*rest)[:n], (*rest)[n:]
	return nil
}

func (m *Message) chunks(rest *string) (err error) {
	m.Chunked = true
	var body strings.Builder
	defer func() { m.Body = body.String() }()
	for {
		var line string
		if line, *rest, err = cutLine(*rest); err != nil {
			return err
		}
		size, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseUint(size, 16, 62)
		if err != nil || strings.Trim(size, "0123456789abcdefABCDEF") != "" || !isValue(line) {
			return fmt.Errorf("the chunk size %q", line)
		}
		if n == 0 {
			m.Trailers, *rest, err = section(*rest)
			return err
		}
		if uint64(len(*rest)) < n+2 {
			body.WriteString((*rest)[:min(uint64(len(*rest)), n)])
			return ErrShort
		}
		body.WriteString((*rest)[:n])
		if (*rest)[n:n+2] != "\r\n" {
			return fmt.Errorf("a chunk of %d bytes ends with %q", n, (*rest)[n:n+2])
		}
		*rest = (*rest)[n+2:]
	}
}

func isToken(s string) bool {
	const others = "!#$%&'*+-.^_`|~"
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(others, c) >= 0) {
			return false
		}
	}
	return s != ""
}

func isValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
