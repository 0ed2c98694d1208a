package registry

import (
	"strconv"
	"strings"
)

// A path is the way from the root of a JSON value to the present one. The
// pointer is only written out where there is a fault.
type path []token

type token struct {
	name  string
	index int
	list  bool // index counts, not name
}

func (p *path) push(name string)    { *p = append(*p, token{name: name}) }
func (p *path) pushIndex(index int) { *p = append(*p, token{index: index, list: true}) }
func (p *path) pop()                { *p = (*p)[:len(*p)-1] }

func (p path) pointer() string {
	var b strings.Builder
	for _, t := range p {
		b.WriteByte('/')
		if t.list {
			b.WriteString(strconv.Itoa(t.index))
		} else {
			b.WriteString(Escape(t.name))
		}
	}
	return b.String()
}

// secretive reports whether a name on the way sounds as if a secret stood
// there: such a value is not repeated in a message.
func (p path) secretive() bool {
	for _, t := range p {
		name := strings.ToLower(t.name)
		for _, word := range []string{"password", "passphrase", "secret", "token", "key", "credential", "hash"} {
			if strings.Contains(name, word) {
				return true
			}
		}
	}
	return false
}
