package payload

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzJSON holds the scanner to encoding/json: what is taken here is taken
// there, and what is refused here though it is taken there, is refused for a
// reason of our own. However a document is cut, the verdict is the same.
func FuzzJSON(f *testing.F) {
	for _, h := range hostileJSON() {
		if len(h.doc) < 1000 {
			f.Add([]byte(h.doc), 3)
		}
	}
	for _, doc := range validJSON() {
		if len(doc) < 1000 {
			f.Add([]byte(doc), 1)
		}
	}
	f.Fuzz(func(t *testing.T, doc []byte, size int) {
		s := newScanner(t, formatJSON, Config{})
		whole := scan(s, string(doc), 0)
		require.Equal(t, whole, scan(s, string(doc), max(1, size)))
		require.Equal(t, whole, scan(s, string(doc), 1))
		valid := json.Valid(doc)
		if whole == nil {
			require.True(t, valid, "%q", doc)
			require.LessOrEqual(t, jsonDepth(t, doc), 64)
			return
		}
		if valid {
			require.NotEqual(t, "json.syntax", whole.Rule, "%v: %q", whole, doc)
		}
	})
}

// jsonDepth returns how deep arrays and objects stand in each other.
func jsonDepth(t testing.TB, doc []byte) int {
	t.Helper()
	depth, most := 0, 0
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return most
		}
		require.NoError(t, err)
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
			most = max(most, depth)
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
}

// FuzzXML holds the scanner to encoding/xml: what is taken here is taken there,
// within the limits.
func FuzzXML(f *testing.F) {
	for _, h := range hostileXML() {
		if len(h.doc) < 1000 {
			f.Add([]byte(h.doc), 3)
		}
	}
	for _, doc := range validXML() {
		if len(doc) < 1000 {
			f.Add([]byte(doc), 1)
		}
	}
	f.Fuzz(func(t *testing.T, doc []byte, size int) {
		s := newScanner(t, formatXML, Config{})
		whole := scan(s, string(doc), 0)
		require.Equal(t, whole, scan(s, string(doc), max(1, size)))
		require.Equal(t, whole, scan(s, string(doc), 1))
		if whole != nil {
			return
		}
		depth, most, roots := 0, 0, 0
		for d := xml.NewDecoder(bytes.NewReader(doc)); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil && strings.Contains(err.Error(), "invalid XML name") && beyondASCII(doc) {
				return // it knows the names of the fourth edition
			}
			require.NoError(t, err, "%q", doc)
			switch token := token.(type) {
			case xml.StartElement:
				if depth == 0 {
					roots++
				}
				depth++
				most = max(most, depth)
				distinct(t, token.Attr)
			case xml.EndElement:
				depth--
			case xml.Directive:
				t.Fatalf("a directive passed: %q", doc)
			case xml.ProcInst:
				require.Equal(t, "xml", token.Target)
			}
		}
		require.Equal(t, 1, roots, "%q", doc)
		require.LessOrEqual(t, most, 64)
	})
}

func distinct(t testing.TB, attributes []xml.Attr) {
	t.Helper()
	seen := map[xml.Name]string{}
	for _, a := range attributes {
		seen[a.Name] += "x"
	}
	// Two prefixes may stand for one namespace, which is not looked at here.
	for name, times := range seen {
		if name.Space == "" {
			require.Len(t, times, 1, "%v", name)
		}
	}
}

func beyondASCII(doc []byte) bool {
	for _, c := range doc {
		if c >= 0x80 {
			return true
		}
	}
	return false
}
