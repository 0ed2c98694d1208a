package wire_test

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/gatewaytest/wire"
)

func TestTheSuiteIsWhole(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, c := range wire.Cases() {
		require.NotEmpty(t, c.Group)
		require.NotEmpty(t, c.Name, c.Group)
		require.False(t, names[c.Group+c.Name], "%s: %s is there twice", c.Group, c.Name)
		names[c.Group+c.Name] = true
		ways := 0
		for _, way := range []bool{c.Send != nil, c.Stream != nil, c.Script != nil} {
			if way {
				ways++
			}
		}
		require.Equal(t, 1, ways, "%s: %s", c.Group, c.Name)
	}
	require.Greater(t, len(names), 500)
}

// misses plays the cases against a target, a few at a time, and returns what
// was missed, by group and name.
func misses(t *testing.T, start func(backend string) wire.Target, strict bool, cases ...wire.Case) map[string][]string {
	t.Helper()
	missed, todo := map[string][]string{}, make(chan wire.Case)
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range 4 {
		b, err := wire.NewBackend()
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, b.Close()) })
		target := start(b.Addr())
		wait.Go(func() {
			for c := range todo {
				if m := wire.Play(target, b, c).Misses(strict); len(m) > 0 {
					mu.Lock()
					missed[c.Group+": "+c.Name] = m
					mu.Unlock()
				}
			}
		})
	}
	for _, c := range cases {
		todo <- c
	}
	close(todo)
	wait.Wait()
	return missed
}

// of returns the cases of a group that are sent as bytes, but for those that
// wait for nothing.
func of(groups ...string) (chosen []wire.Case) {
	for _, c := range wire.Cases() {
		if wire.Groups(groups...)(c) && !c.Own && c.Script == nil {
			chosen = append(chosen, c)
		}
	}
	return chosen
}

// TestTheSuiteHasTeeth plays it against a proxy of the standard library, of
// which it is known where it is liberal.
func TestTheSuiteHasTeeth(t *testing.T) {
	t.Parallel()
	missed := misses(t, func(backend string) wire.Target {
		quiet := log.New(io.Discard, "", 0)
		s := httptest.NewUnstartedServer(&httputil.ReverseProxy{ErrorLog: quiet, Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: backend})
			r.Out.Host = r.In.Host
		}})
		s.Config.ErrorLog = quiet
		s.Start()
		t.Cleanup(s.Close)
		return wire.Target{Addr: s.Listener.Addr().String(), Patience: 2 * time.Second}
	}, false, of("framing", "request line", "hosts", "chunks", "trailers", "hop by hop", "methods")...)
	for _, known := range []string{
		"chunks: an extension with a NUL", "trailers: a trailer with a bare LF", "hosts: a host with two ports",
		"methods: CONNECT", "request line: a fragment in the target", "hop by hop: HTTP2-Settings goes no further",
	} {
		require.Contains(t, missed, known)
	}
	require.NotContains(t, missed, "framing: two lengths")
	require.Less(t, len(missed), 40, "%v", missed)
}

// TestAPipeIsNoGateway plays it against what passes on every byte.
func TestAPipeIsNoGateway(t *testing.T) {
	t.Parallel()
	cases := of("framing", "chunks", "fields", "hop by hop")
	missed := misses(t, func(backend string) wire.Target {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		var wait sync.WaitGroup
		t.Cleanup(func() { require.NoError(t, ln.Close()); wait.Wait() })
		wait.Go(func() {
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				wait.Go(func() { join(conn, backend) })
			}
		})
		return wire.Target{Addr: ln.Addr().String(), Patience: 200 * time.Millisecond}
	}, true, cases...)
	for _, c := range cases {
		if c.Want != nil && strings.HasPrefix(c.Want[0], "4") {
			require.Contains(t, missed, c.Group+": "+c.Name)
		}
	}
}

func join(client net.Conn, backend string) {
	defer client.Close()
	conn, err := net.Dial("tcp", backend)
	if err != nil {
		return
	}
	defer conn.Close()
	var wait sync.WaitGroup
	wait.Go(func() { _, _ = io.Copy(conn, client); _ = conn.Close() })
	wait.Go(func() { _, _ = io.Copy(client, conn); _ = client.Close() })
	wait.Wait()
}

// FuzzReadRequest holds the reader to what it says: what it takes and what it
// leaves are what it was given, it does not matter what follows, and no part of
// a request is one.
func FuzzReadRequest(f *testing.F) {
	for _, c := range wire.Cases() {
		if len(c.Send) > 0 && len(c.Send[0]) < 5000 {
			f.Add(c.Send[0])
		}
	}
	f.Fuzz(func(t *testing.T, in string) {
		m, rest, err := wire.ReadRequest(in)
		if err != nil {
			return
		}
		require.True(t, strings.HasSuffix(in, rest))
		taken := in[:len(in)-len(rest)]
		again, more, err := wire.ReadRequest(taken + "GET / HTTP/1.1\r\n\r\n")
		require.NoError(t, err)
		require.Equal(t, m, again)
		require.Equal(t, "GET / HTTP/1.1\r\n\r\n", more)
		for end := range len(taken) {
			if _, _, err := wire.ReadRequest(taken[:end]); len(taken) < 200 {
				require.ErrorIs(t, err, wire.ErrShort)
			}
		}
	})
}

func TestReadAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in, method string
		ended      bool
		body, rest string
		short      bool
		fault      string
	}{
		"of a length":                     {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore", "GET", false, "ok", "more", false, ""},
		"in chunks":                       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nmore", "GET", false, "ok", "more", false, ""},
		"up to the end":                   {"HTTP/1.1 200 OK\r\n\r\nok", "GET", true, "ok", "", false, ""},
		"up to an end that did not come":  {"HTTP/1.1 200 OK\r\n\r\nok", "GET", false, "ok", "", true, ""},
		"to HEAD":                         {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nmore", "HEAD", false, "", "more", false, ""},
		"204":                             {"HTTP/1.1 204 No Content\r\n\r\nmore", "GET", false, "", "more", false, ""},
		"204 with a length":               {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "GET", false, "", "", false, "in an answer of 204"},
		"304 with a length":               {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nmore", "GET", false, "", "more", false, ""},
		"of a length and in chunks":       {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", false, "", "", false, "both a coding and a length"},
		"of a status of two digits":       {"HTTP/1.1 20 OK\r\n\r\n", "GET", true, "", "", false, "status line"},
		"of a head that is not there yet": {"HTTP/1.1 200 OK\r\n", "GET", false, "", "", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, rest, err := wire.ReadAnswer(c.in, c.method, c.ended)
			switch {
			case c.fault != "":
				require.ErrorContains(t, err, c.fault)
				return
			case c.short:
				require.ErrorIs(t, err, wire.ErrShort)
			default:
				require.NoError(t, err)
				require.Equal(t, c.rest, rest)
			}
			require.Equal(t, c.body, m.Body)
		})
	}
}

// TestHTTP2IsSpoken plays the good cases of HTTP/2 against net/http.
func TestHTTP2IsSpoken(t *testing.T) {
	t.Parallel()
	missed := misses(t, func(backend string) wire.Target {
		both := new(http.Protocols)
		both.SetUnencryptedHTTP2(true)
		s := httptest.NewUnstartedServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: backend})
			r.Out.Host = r.In.Host
		}})
		s.Config.Protocols, s.Config.ErrorLog = both, log.New(io.Discard, "", 0)
		s.Start()
		t.Cleanup(s.Close)
		return wire.Target{HTTP2: s.Listener.Addr().String(), Patience: 5 * time.Second}
	}, false, of("HTTP/2")...)
	require.Contains(t, missed, "HTTP/2: two lengths")
	require.NotContains(t, missed, "HTTP/2: a request is answered")
	require.NotContains(t, missed, "HTTP/2: crumbs of cookies are one field")
	require.Less(t, len(missed), 20, "%v", missed)
}
