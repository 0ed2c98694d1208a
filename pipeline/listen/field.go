package listen

import "bytes"

// splitField reads "name: value" and holds both to what may be in them.
func splitField(line []byte) (name, value []byte, f *fault) {
	if line[0] == ' ' || line[0] == '\t' {
		return nil, nil, faultFold
	}
	colon := bytes.IndexByte(line, ':')
	switch {
	case colon < 0 || !tokens.all(line[:colon]):
		return nil, nil, faultName
	case !printable(line[colon+1:]):
		return nil, nil, faultValue
	}
	return line[:colon], trim(line[colon+1:]), nil
}

// A framed is what the fields of a head say about where the message ends.
type framed struct {
	hosts   int
	lengths int
	codings int
	length  int64
}

// take looks at one field of a head.
func (m *framed) take(name, value []byte) *fault {
	switch len(name) {
	case len("host"):
		if same(name, "host") {
			return m.takeHost(value)
		}
	case len("trailer"):
		if same(name, "trailer") {
			return announced(value)
		}
	case len("content-length"):
		if alike(name, "content-length") {
			return m.takeLength(name, value)
		}
	case len("transfer-encoding"):
		if alike(name, "transfer-encoding") {
			return m.takeCoding(name, value)
		}
	}
	return nil
}

func (m *framed) takeHost(value []byte) *fault {
	m.hosts++
	switch {
	case m.hosts > 1:
		return faultTwoHost
	case !validHost(value):
		return faultHost
	}
	return nil
}

func (m *framed) takeLength(name, value []byte) *fault {
	m.lengths++
	switch {
	case name[7] != '-':
		return faultLookalike
	case m.lengths > 1:
		return faultTwoLengths
	case m.codings > 0:
		return faultBoth
	case len(value) == 0 || len(value) > 18:
		return faultLength
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			return faultLength
		}
		m.length = m.length*10 + int64(c-'0')
	}
	return nil
}

func (m *framed) takeCoding(name, value []byte) *fault {
	m.codings++
	switch {
	case name[8] != '-':
		return faultLookalike
	case m.codings > 1:
		return faultTwoCodings
	case m.lengths > 0:
		return faultBoth
	case same(value, "chunked"):
		return nil
	}
	return otherCoding(value)
}

// otherCoding is 501 for codings that are not known here and end in chunked,
// 400 for all that leaves open where the message ends: RFC 9112 section 6.3.
func otherCoding(value []byte) *fault {
	codings := bytes.Split(value, []byte{','})
	for i, c := range codings {
		if c = trim(c); !tokens.all(c) || same(c, "chunked") != (i == len(codings)-1) {
			return faultCoding
		}
	}
	return faultUnknown
}
