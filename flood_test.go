package gateway_test

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline/listen"
	"github.com/seed-f9645bd3/gateway/ratelimit"
	"github.com/seed-f9645bd3/gateway/registry"
)

// Frames of HTTP/2, by hand: RFC 9113 section 6.
const (
	frameData, frameHeaders, framePriority, frameReset, frameSettings = 0, 1, 2, 3, 4
	framePing, frameWindow, frameContinuation                         = 6, 8, 9

	endStream, endHeaders = 1, 4
)

// asking is the head of a request to h by https, in static entries and
// literals; method is one of the entries. The path is a letter.
func asking(method, letter byte) string {
	const get = 0x82 // 0x83 is POST
	return string([]byte{method, get + 5, 0x04, 2, '/', letter, 0x01, 1, 'h'})
}

func frame(kind, flags byte, stream int, payload string) string {
	head := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(head[5:], uint32(stream))
	return string(head) + payload
}

func number(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }

// A flood is what an attacker sends on a connection: something to begin with,
// then step after step.
type flood struct {
	name   string
	path   byte // a letter
	frames int  // of a step
	begin  string
	step   func(n int) string
}

func floods() []flood {
	const get, post = 0x82, 0x83
	same := func(f string) func(int) string { return func(int) string { return f } }
	return []flood{
		{"rapid reset", 'a', 2, "", func(n int) string {
			return frame(frameHeaders, endStream|endHeaders, 2*n+1, asking(get, 'a')) + frame(frameReset, 0, 2*n+1, number(8))
		}},
		{"reset by a fault", 'b', 2, "", func(n int) string {
			return frame(frameHeaders, endStream|endHeaders, 2*n+1, asking(get, 'b')) + frame(frameWindow, 0, 2*n+1, number(0))
		}},
		{"streams beyond 100", 'c', 1, "", func(n int) string { return frame(frameHeaders, endHeaders, 2*n+1, asking(post, 'c')) }},
		{"CONTINUATION", 'd', 1, frame(frameHeaders, endStream, 1, asking(get, 'd')), same(frame(frameContinuation, 0, 1, "\x00\x01x\x01y"))},
		{"empty CONTINUATION", 'e', 1, frame(frameHeaders, endStream, 1, asking(get, 'e')), same(frame(frameContinuation, 0, 1, ""))},
		{"PING", 'f', 1, "", same(frame(framePing, 0, 0, "12345678"))},
		{"SETTINGS", 'g', 1, "", same(frame(frameSettings, 0, 0, "\x00\x04\x00\x00\xff\xff"))},
		{"empty DATA", 'h', 1, frame(frameHeaders, endHeaders, 1, asking(post, 'h')), same(frame(frameData, 0, 1, ""))},
		{"PRIORITY", 'i', 1, "", same(frame(framePriority, 0, 1, number(0)+"\x01"))},
		{"WINDOW_UPDATE", 'j', 1, "", same(frame(frameWindow, 0, 0, number(1)))},
		{"unknown frames", 'k', 1, "", same(frame(0x99, 0, 0, ""))},
	}
}

// send sends frames of the flood until there were enough of them, on as many
// connections as it takes, and returns how many that was.
func (f flood) send(t testing.TB, addr string, frames int) (connections int) {
	t.Helper()
	for sent := 0; sent < frames; connections++ {
		conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		require.NoError(t, err)
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		_, err = io.WriteString(conn, http2Preface+frame(frameSettings, 0, 0, "")+frame(frameSettings, 1, 0, "")+f.begin)
		for n := 0; err == nil && sent < frames; {
			var batch strings.Builder
			for range 16 {
				batch.WriteString(f.step(n))
				n, sent = n+1, sent+f.frames
			}
			_, err = io.WriteString(conn, batch.String())
		}
		_ = conn.Close()
	}
	return connections
}

const http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// honest asks for as many answers as an attacker sends frames, on one
// connection.
func honest(t testing.TB, client *http.Client, url string, frames int) {
	t.Helper()
	var wait sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(frames))
	for range 16 {
		wait.Go(func() {
			for left.Add(-1) >= 0 {
				resp, err := client.Get(url)
				if err != nil {
					t.Error(err)
					return
				}
				drain(resp.Body)
			}
		})
	}
	wait.Wait()
	client.CloseIdleConnections()
}

func insecure() *http.Client {
	p := new(http.Protocols)
	p.SetHTTP2(true)
	return &http.Client{Transport: &http.Transport{Protocols: p, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}

func TestFloodsOfHTTP2AreBounded(t *testing.T) {
	t.Parallel()
	var seen [1 << 8]atomic.Int64 // by the letter of the path
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/beside" {
			seen[r.URL.Path[1]].Add(1)
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done() // those that are not given up stay
		}
	}))
	t.Cleanup(backend.Close)
	frames := 2000
	if full() {
		frames = 20_000
	}
	f := flooded(t, backend.URL)
	beside := newNeighbour(t, insecure(), "https://"+f.addr+"/beside", 200)
	connections := map[byte]int{}
	for _, flood := range floods() {
		before := f.resident(t)
		connections[flood.path] = flood.send(t, f.addr, frames)
		t.Logf("%s: %d frames on %d connections, resident %d -> %d KiB", flood.name, frames, connections[flood.path], before>>10, f.resident(t)>>10)
	}
	beside.unharmed(t)
	for _, flood := range floods() {
		n := seen[flood.path].Load()
		t.Logf("%s: %d requests at the backend", flood.name, n)
		require.LessOrEqual(t, n, int64(100)*int64(connections[flood.path]), flood.name)
	}
}

func TestAFloodCostsNoMoreThanHonestWork(t *testing.T) {
	if !full() {
		t.Skip("GATEWAY_LOAD=full measures the CPU")
	}
	backend := httptest.NewServer(text("ok"))
	t.Cleanup(backend.Close)
	const frames = 20_000
	f := flooded(t, backend.URL)
	honest(t, insecure(), "https://"+f.addr+"/x", 1000) // warm
	start := f.cpu(t)
	honest(t, insecure(), "https://"+f.addr+"/x", frames)
	fair := f.cpu(t) - start
	t.Logf("honest: %d requests, %v of CPU", frames, fair)
	for _, flood := range floods() {
		start := f.cpu(t)
		connections := flood.send(t, f.addr, frames)
		cost := f.cpu(t) - start
		t.Logf("%s: %d frames on %d connections, %v of CPU, %.2f of honest work, resident %d KiB",
			flood.name, frames, connections, cost, float64(cost)/float64(fair), f.resident(t)>>10)
		require.LessOrEqual(t, cost, 2*fair, flood.name)
	}
}

// A floodedGateway is one in a process of its own, so that what it costs is its
// own.
type floodedGateway struct {
	addr string
	pid  int
}

func flooded(t testing.TB, backend string) floodedGateway {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestGatewayThatIsFlooded$", "-test.v")
	cmd.Env = append(os.Environ(), "GATEWAY_FLOODED="+backend)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close() // which ends it
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if addr, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return floodedGateway{addr, cmd.Process.Pid}
		}
	}
	t.Fatal("the gateway did not start")
	return floodedGateway{}
}

func (f floodedGateway) resident(t testing.TB) uint64 {
	t.Helper()
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", f.pid))
	if err != nil {
		t.Skip("there is no /proc here")
	}
	pages, err := strconv.ParseUint(strings.Fields(string(statm))[1], 10, 64)
	require.NoError(t, err)
	return pages * uint64(os.Getpagesize())
}

func (f floodedGateway) cpu(t testing.TB) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", f.pid))
	require.NoError(t, err)
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	require.NoError(t, err)
	system, err := strconv.Atoi(fields[12])
	require.NoError(t, err)
	return time.Duration(user+system) * 10 * time.Millisecond // a tick is a hundredth everywhere
}

// TestGatewayThatIsFlooded is the other process of the tests above, and nothing
// by itself.
func TestGatewayThatIsFlooded(t *testing.T) {
	backend := os.Getenv("GATEWAY_FLOODED")
	if backend == "" {
		t.Skip("it is started by other tests")
	}
	s := snapshot("1", public("all", "/{path}", "b"), public("stream", "/stream", "b",
		ratelimit.UnitPolicy(ratelimit.UnitConfig{Unit: "tokens", Per: "address", Rate: registry.Rate{Count: 1e9, Per: time.Second}, Over: "cut"}),
		ratelimit.InFlightPolicy(ratelimit.InFlightConfig{Per: "address", Max: 100})))
	s.Upstreams = []registry.Upstream{{Name: "b", Endpoints: []registry.Endpoint{{URL: backend}}}}
	g, err := gateway.New(standardKinds(), gateway.Snapshot(s), gateway.ListenWith("127.0.0.1:0", listen.Config{
		TLS: &tls.Config{Certificates: []tls.Certificate{gatewaytest.NewCA(t).Server("127.0.0.1")}},
	}), gateway.Draining(gateway.Drain{Deadline: time.Second}))
	require.NoError(t, err)
	end := running(t, g)
	fmt.Printf("\nlistening on %s\n", awaitAddr(t, g))
	_, _ = io.Copy(io.Discard, os.Stdin)
	require.NoError(t, end())
}
