package jsonstream_test

import (
	"io"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/transform/internal/jsonstream"
)

// records returns a list of about n bytes.
func records(n int) string {
	var b strings.Builder
	b.WriteString(`{"data": [`)
	for b.Len() < n {
		b.WriteString(`{"id": 48213, "name": "Ada Lovelace", "email": "ada@example.com", "ssn": "123-45-6789", "tags": ["a", "b"], ` +
			`"address": {"street": "12 St James's Square", "city": "London", "zip": "SW1Y 4JH"}, "active": true, "score": 12.75},` + "\n")
	}
	return strings.TrimSuffix(b.String(), ",\n") + `]}`
}

func BenchmarkReader(b *testing.B) {
	for name, p := range map[string]*jsonstream.Program{
		"replace at any depth": program(b, redact, "ssn", "password", "token"),
		"keep last":            program(b, keepLast(4), "ssn"),
		"remove":               program(b, jsonstream.Remove, "data[].ssn", "data[].address.zip"),
		"select":               program(b, jsonstream.Select, "data[].id", "data[].name", "data[].address.city"),
	} {
		b.Run(name, func(b *testing.B) {
			content := records(64 << 10)
			buf := make([]byte, 32<<10)
			from := strings.NewReader(content)
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				from.Reset(content)
				r := p.Over(from, jsonstream.One, nil)
				for {
					if _, err := r.Read(buf); err != nil {
						if err != io.EOF {
							b.Fatal(err)
						}
						break
					}
				}
			}
			kib := float64(len(content)) / 1024
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/kib/1000, "µs/KiB")
		})
	}
}
