package load

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"golang.org/x/net/http2/hpack"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
)

// A template is a request of which three parts change from one to the next, in
// place: the number of the route, the id, and the token of the caller.
type template struct {
	bytes  []byte
	path   int // where the path begins
	token  int // where the token begins; 0 where there is none
	kind   int // length of what stands between route and id
	tokens [][]byte
	random *rand.Rand
	routes *rand.Zipf
	ids    *atomic.Int64
}

// skew is that of the routes (Zipf's law): of 10,000, the first ten take four
// of ten requests, as a few do at any gateway.
const skew = 1.1

const (
	routeAt = len("/svc-")
	digits  = 8 // of an id
)

// fill makes the next request.
func (t *template) fill() {
	put(t.bytes[t.path+routeAt:][:4], int(t.routes.Uint64()))
	put(t.bytes[t.path+routeAt+4+t.kind:][:digits], int(t.ids.Add(1)))
	if t.token > 0 {
		copy(t.bytes[t.token:], t.tokens[t.random.IntN(len(t.tokens))])
	}
}

// put writes a number in decimal, with zeros in front.
func put(at []byte, n int) {
	for i := len(at) - 1; i >= 0; i-- {
		at[i] = byte('0' + n%10)
		n /= 10
	}
}

// newTemplate finds the changing parts of a request that was written with the
// path of route 0 and id 0, and with the first token.
func newTemplate(request []byte, w traffic.Workload, p parts) *template {
	target, random := w.Target(0, 0), rand.New(rand.NewPCG(p.seed, 1))
	t := &template{
		bytes: request, path: bytes.Index(request, []byte(target)), kind: len(target) - routeAt - 4 - digits,
		tokens: p.tokens, random: random, routes: rand.NewZipf(random, skew, 1, uint64(p.routes-1)), ids: p.ids,
	}
	if len(p.tokens) > 0 {
		t.token = bytes.Index(request, p.tokens[0])
	}
	return t
}

// parts are what templates of one load are made of.
type parts struct {
	routes int
	tokens [][]byte // none where no caller is named
	seed   uint64
	ids    *atomic.Int64
}

const agent = "bench/1"

// http1 writes the request in the form of HTTP/1.1, body included.
func http1(w traffic.Workload, p parts) *template {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept: */*\r\n", w.Method, w.Target(0, 0), traffic.Host, agent)
	if len(p.tokens) > 0 {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", p.tokens[0])
	}
	if w.Body > 0 {
		fmt.Fprintf(&b, "Content-Type: application/octet-stream\r\nContent-Length: %d\r\n", w.Body)
	}
	b.WriteString("\r\n")
	b.Write(w.Posted())
	return newTemplate(b.Bytes(), w, p)
}

// Indices of the static table of HPACK (RFC 7541 appendix A).
const (
	methodGET     = 0x82 // whole fields
	schemeHTTP    = 0x86
	authority     = 1 // names
	path          = 4
	accept        = 19
	authorization = 23
	userAgent     = 58
)

// http2 writes the fields of a GET in the form of HTTP/2: names from the
// static table, values as they are, so that they can be changed in place.
func http2Head(w traffic.Workload, p parts) *template {
	b := []byte{methodGET, schemeHTTP}
	b = literal(b, authority, traffic.Host)
	b = literal(b, path, w.Target(0, 0))
	b = literal(b, userAgent, agent)
	b = literal(b, accept, "*/*")
	if len(p.tokens) > 0 {
		b = literal(b, authorization, "Bearer "+string(p.tokens[0]))
	}
	return newTemplate(b, w, p)
}

// literal adds a field without indexing, its value without Huffman coding (RFC
// 7541 section 6.2.2).
func literal(b []byte, name uint64, value string) []byte {
	b = integer(b, 4, name)
	b = integer(b, 7, uint64(len(value)))
	return append(b, value...)
}

// integer adds a number with a prefix of n bits (RFC 7541 section 5.1).
func integer(b []byte, n int, v uint64) []byte {
	most := uint64(1)<<n - 1
	if v < most {
		return append(b, byte(v))
	}
	b = append(b, byte(most))
	for v -= most; v >= 128; v >>= 7 {
		b = append(b, byte(v&127|128))
	}
	return append(b, byte(v))
}

// status returns the status of a decoded head, and 0 where there is none.
func status(fields []hpack.HeaderField) int {
	for _, f := range fields {
		if f.Name == ":status" && len(f.Value) == 3 {
			return int(f.Value[0]-'0')*100 + int(f.Value[1]-'0')*10 + int(f.Value[2]-'0')
		}
	}
	return 0
}
