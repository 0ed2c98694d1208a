package payload

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// jsonSample is some 64 KiB of what APIs exchange.
func jsonSample() string {
	var b strings.Builder
	b.WriteString(`{"items":[`)
	for i := range 300 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"c0ffee00-%04d","name":"Ada Lovelace","email":"ada%d@example.org","age":%d,"active":true,`+
			`"address":{"street":"12 St James's Square","city":"London","zip":"SW1Y 4JH"},"score":%d.5,"tags":["a","bc"]}`, i, i, 20+i%60, i)
	}
	b.WriteString(`]}`)
	return b.String()
}

func xmlSample() string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="urn:soap"><soap:Body>`)
	for i := range 300 {
		fmt.Fprintf(&b, `<customer id="c0ffee00-%04d" active="true"><name>Ada Lovelace</name><email>ada%d@example.org</email>`+
			`<address><street>12 St James&apos;s Square</street><city>London</city></address></customer>`, i, i)
	}
	b.WriteString(`</soap:Body></soap:Envelope>`)
	return b.String()
}

// samples are what the scanners are measured with.
func samples() map[string]struct {
	format format
	doc    string
} {
	type sample = struct {
		format format
		doc    string
	}
	return map[string]sample{
		"json":               {formatJSON, jsonSample()},
		"json, indented":     {formatJSON, "[" + strings.Repeat(indented, 200) + "0]"},
		"json, long strings": {formatJSON, `["` + strings.Repeat(strings.Repeat("All work and no play. ", 40)+`","`, 70) + `"]`},
		"json, numbers":      {formatJSON, "[" + strings.Repeat("[12345,-0.75,1e10],", 3000) + "0]"},
		"json, many names":   {formatJSON, "{" + manyNames(900) + `"last":[` + strings.Repeat("{"+manyNames(60)+`"z":1},`, 60) + "0]}"},
		"xml":                {formatXML, xmlSample()},
	}
}

const indented = `  {
    "id": "7d4e0815-aaaa-bbbb-cccc-0123456789ab",
    "title": "An order of several things",
    "description": "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore",
    "created_at": "2026-11-25T06:00:00Z",
    "amount": 1234.50
  },
`

func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"name%d":%d,`, i, i)
	}
	return b.String()
}

// feedAll feeds a document in pieces of 32 KiB, as a body is sent.
func feedAll(s scanner, doc []byte) *Fault {
	s.reset()
	for len(doc) > 0 {
		n := min(len(doc), 32<<10)
		if fault := s.feed(doc[:n]); fault != nil {
			return fault
		}
		doc = doc[n:]
	}
	return s.finish()
}

func BenchmarkScan(b *testing.B) {
	for name, c := range samples() {
		b.Run(name, func(b *testing.B) {
			s, doc := newScanner(b, c.format, Config{}), []byte(c.doc)
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if fault := feedAll(s, doc); fault != nil {
					b.Fatal(fault)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(float64(len(doc))/1024), "ns/KiB")
		})
	}
}

// Counting allocations needs the process for itself, so this is not parallel.
func TestToScanAllocatesNothing(t *testing.T) {
	for name, c := range samples() {
		s, doc := newScanner(t, c.format, Config{}), []byte(c.doc)
		require.Zero(t, testing.AllocsPerRun(20, func() {
			if fault := feedAll(s, doc); fault != nil {
				t.Error(fault)
			}
		}), name)
	}
}

// TestALongBodyStreamsInConstantMemory reads a document of 100 MB, where
// GATEWAY_LOAD says so, and else of 10. It counts what is allocated, alone.
func TestALongBodyStreamsInConstantMemory(t *testing.T) {
	items := 80_000
	if os.Getenv("GATEWAY_LOAD") == "full" {
		items *= 10
	}
	text := strings.Repeat("x", 100)
	k, err := newChecker("payload", Config{
		JSON: JSON{Elements: maxCount, Values: maxCount}, XML: XML{Elements: maxCount, Children: maxCount},
	})
	require.NoError(t, err)
	for f, body := range map[format]*endless{
		formatJSON: {head: "[", text: `{"id":123,"text":"` + text + `","tags":["a"]},`, tail: "0]", n: items},
		formatXML:  {head: "<a>", text: `<b id="123"><text>` + text + `</text></b>`, tail: "</a>", n: items},
	} {
		r := k.over(f, body, -1)
		buf := make([]byte, 32<<10)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, buf)
		runtime.ReadMemStats(&after)
		require.NoError(t, err)
		require.True(t, r.good.Load())
		allocated := after.TotalAlloc - before.TotalAlloc
		t.Logf("%v: %d bytes, of which %d were allocated", f, n, allocated)
		require.Less(t, allocated, uint64(64<<10))
	}
}

// BenchmarkStage measures what the stage adds to a request with a body of 1
// KiB, which is read all the same.
func BenchmarkStage(b *testing.B) {
	body := []byte("[" + strings.Repeat(indented, 3) + "0]")
	k, err := newChecker("payload", Config{})
	require.NoError(b, err)
	read := func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		_, err := x.Body(1 << 20)
		return nil, err
	}
	for name, h := range map[string]pipeline.Handler{"without": read, "checked": k.wrap(read)} {
		b.Run(name, func(b *testing.B) {
			in := &http.Request{Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(body))}
			x, r := new(pipeline.Exchange), bytes.NewReader(body)
			in.Body = io.NopCloser(r)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				r.Reset(body)
				*x = pipeline.Exchange{In: in}
				if _, err := h(b.Context(), x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
