package compress_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/compress"
)

func stages(t testing.TB, c compress.Config) []pipeline.Stage {
	t.Helper()
	kinds, err := pipeline.NewKinds(compress.Kind())
	require.NoError(t, err)
	scope := pipeline.NewScope(pipeline.NewPool(), nil)
	t.Cleanup(scope.Close)
	p := compress.Policy(c)
	made, err := pipeline.Make[[]pipeline.Stage](scope.Env(pipeline.Workshop{Kinds: kinds}, nil, p.String()), p)
	require.NoError(t, err)
	return made
}

func exchange(method, accept string, fields ...string) *pipeline.Exchange {
	x := &pipeline.Exchange{In: httptest.NewRequest(method, "/", nil)}
	if accept != "" {
		x.In.Header.Set("Accept-Encoding", accept)
	}
	for i := 0; i < len(fields); i += 2 {
		x.In.Header.Set(fields[i], fields[i+1])
	}
	return x
}

// A body counts how often it was closed.
type body struct {
	io.Reader
	closed int
}

func (b *body) Close() error {
	b.closed++
	return nil
}

// response is what a backend says: JSON of known length.
func response(content string, fields ...string) *http.Response {
	resp := &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}},
		Body: &body{Reader: strings.NewReader(content)}, ContentLength: int64(len(content)),
	}
	for i := 0; i < len(fields); i += 2 {
		resp.Header.Set(fields[i], fields[i+1])
	}
	return resp
}

func streamed(r io.Reader, fields ...string) *http.Response {
	resp := response("", fields...)
	resp.Body, resp.ContentLength = &body{Reader: r}, -1
	return resp
}

func serve(t testing.TB, c compress.Config, x *pipeline.Exchange, resp *http.Response) *http.Response {
	t.Helper()
	got, err := pipeline.Chain(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		resp.Request = x.In
		return resp, nil
	}, stages(t, c)...)(t.Context(), x)
	require.NoError(t, err)
	return got
}

func decoder(t testing.TB, encoding string, r io.Reader) io.Reader {
	t.Helper()
	switch encoding {
	case "gzip":
		zr, err := gzip.NewReader(r)
		require.NoError(t, err)
		return zr
	case "br":
		return brotli.NewReader(r)
	case "zstd":
		zr, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		require.NoError(t, err)
		t.Cleanup(zr.Close)
		return zr
	}
	t.Fatalf("unknown encoding %q", encoding)
	return nil
}

func encodings() []string { return []string{"zstd", "br", "gzip"} }

// document returns n bytes that compress.
func document(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `{"id":%d,"name":"user %d","plan":"gold"},`, i, i*7919)
	}
	return b.String()[:n]
}

func TestTheAnswerIsTheSameDecoded(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 100<<10)
	rand.NewChaCha8([32]byte{7}).Read(noise)
	for _, e := range encodings() {
		for name, content := range map[string]string{
			"a short one": document(1 << 10), "one longer than the window": document(600 << 10), "one that does not compress": string(noise),
		} {
			for how, r := range map[string]io.Reader{
				"at once": strings.NewReader(content), "the end with the last bytes": iotest.DataErrReader(strings.NewReader(content)),
				"in halves": iotest.HalfReader(strings.NewReader(content)),
			} {
				t.Run(name+" in "+e+", "+how, func(t *testing.T) {
					t.Parallel()
					x := exchange("GET", e)
					resp := serve(t, compress.Config{}, x, streamed(r))
					require.Equal(t, []string{e}, resp.Header["Content-Encoding"])
					require.EqualValues(t, -1, resp.ContentLength)
					got, err := io.ReadAll(decoder(t, e, resp.Body))
					require.NoError(t, err)
					require.True(t, content == string(got), "other content")
					require.NoError(t, resp.Body.Close())
					require.NoError(t, x.Finish(nil))
				})
			}
		}
	}
}

func TestItIsSmaller(t *testing.T) {
	t.Parallel()
	content := document(64 << 10)
	for _, e := range encodings() {
		resp := serve(t, compress.Config{}, exchange("GET", e), response(content))
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Less(t, len(got), len(content)/4, e)
	}
}

func TestWhatTheBackendSentGoesOutAtOnce(t *testing.T) {
	t.Parallel()
	for _, e := range encodings() {
		t.Run(e, func(t *testing.T) {
			t.Parallel()
			r, w := io.Pipe()
			resp := serve(t, compress.Config{}, exchange("GET", e), streamed(r))
			out, in := io.Pipe()
			go func() {
				_, err := io.Copy(in, resp.Body)
				_ = in.CloseWithError(err)
			}()
			go func() { _, _ = io.WriteString(w, "chunk 0") }()
			d := decoder(t, e, out)
			for i := range 5 {
				got := make([]byte, len("chunk 0"))
				_, err := io.ReadFull(d, got)
				require.NoError(t, err)
				require.Equal(t, fmt.Sprintf("chunk %d", i), string(got))
				if i < 4 {
					go func() { _, _ = fmt.Fprintf(w, "chunk %d", i+1) }()
				}
			}
			require.NoError(t, w.Close())
			rest, err := io.ReadAll(d)
			require.NoError(t, err)
			require.Empty(t, rest)
		})
	}
}

func TestABrokenBodyDoesNotEndWell(t *testing.T) {
	t.Parallel()
	reset := errors.New("reset by backend")
	for _, e := range encodings() {
		for name, r := range map[string]io.Reader{
			"between reads":   io.MultiReader(strings.NewReader(document(5000)), iotest.ErrReader(reset)),
			"with some bytes": &dataThenErr{data: document(5000), err: reset},
			"at the start":    iotest.ErrReader(reset),
		} {
			t.Run(e+" "+name, func(t *testing.T) {
				t.Parallel()
				resp := serve(t, compress.Config{}, exchange("GET", e), streamed(r))
				got, err := io.ReadAll(resp.Body)
				require.ErrorIs(t, err, reset)
				_, err = resp.Body.Read(make([]byte, 1))
				require.ErrorIs(t, err, reset, "the error does not stay")
				if len(got) > 0 {
					_, err = io.ReadAll(decoder(t, e, bytes.NewReader(got)))
					require.Error(t, err, "the stream looks complete")
				}
			})
		}
	}
}

// dataThenErr gives all its data with its error.
type dataThenErr struct {
	data string
	err  error
}

func (d *dataThenErr) Read(p []byte) (int, error) {
	n := copy(p, d.data)
	d.data = d.data[n:]
	if d.data == "" {
		return n, d.err
	}
	return n, nil
}

func TestTheBytesBeforeABreakGoOut(t *testing.T) {
	t.Parallel()
	resp := serve(t, compress.Config{}, exchange("GET", "gzip"), streamed(&dataThenErr{data: "hello", err: io.ErrUnexpectedEOF}))
	d := decoder(t, "gzip", resp.Body)
	got := make([]byte, 5)
	_, err := io.ReadFull(d, got)
	require.NoError(t, err)
	require.Equal(t, "hello", string(got))
	_, err = d.Read(got)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestTheBackendsBodyIsClosedOnceReadOrNot(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]int64{"never read": 0, "read in part": 10, "read to the end": 1 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := response(document(10 << 10))
			inner, ok := from.Body.(*body)
			require.True(t, ok)
			x := exchange("GET", "gzip")
			resp := serve(t, compress.Config{}, x, from)
			_, err := io.CopyN(io.Discard, resp.Body, read)
			require.True(t, err == nil || errors.Is(err, io.EOF))
			require.NoError(t, resp.Body.Close())
			require.NoError(t, resp.Body.Close())
			require.NoError(t, x.Finish(nil))
			require.Equal(t, 1, inner.closed)
		})
	}
}

func TestAReadAfterTheEndOfTheExchangeFails(t *testing.T) {
	t.Parallel()
	x := exchange("GET", "gzip")
	resp := serve(t, compress.Config{}, x, response(document(4<<10)))
	require.NoError(t, resp.Body.Close())
	require.NoError(t, x.Finish(nil))
	_, err := resp.Body.Read(make([]byte, 10))
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

func TestAReadThatHangsKeepsItsEncoder(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	x := exchange("GET", "gzip")
	entered := make(chan struct{})
	resp := serve(t, compress.Config{}, x, streamed(io.MultiReader(signal{entered}, r)))
	done := make(chan error)
	go func() {
		_, err := io.ReadAll(resp.Body)
		done <- err
	}()
	<-entered
	require.NoError(t, x.Finish(nil))
	require.NoError(t, w.CloseWithError(io.ErrClosedPipe))
	require.ErrorIs(t, <-done, io.ErrClosedPipe)
}

// signal tells that it was read.
type signal struct{ c chan struct{} }

func (s signal) Read([]byte) (int, error) {
	close(s.c)
	return 0, io.EOF
}

func TestEncodersServeManyAtOnceAndAgain(t *testing.T) {
	t.Parallel()
	for _, e := range encodings() {
		s := stages(t, compress.Config{})
		var wait sync.WaitGroup
		for i := range 8 {
			wait.Go(func() {
				for j := range 10 {
					content := fmt.Sprintf("%d %d %s", i, j, document(20<<10))
					x := exchange("GET", e)
					resp, err := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) {
						return response(content), nil
					}, s...)(t.Context(), x)
					if err != nil {
						t.Error(err)
						return
					}
					if j%3 == 0 { // given up before its end
						_, _ = resp.Body.Read(make([]byte, 5))
					} else if got, err := io.ReadAll(decoder(t, e, resp.Body)); err != nil || string(got) != content {
						t.Errorf("%s: other content: %v", e, err)
					}
					_ = resp.Body.Close()
					_ = x.Finish(nil)
				}
			})
		}
		wait.Wait()
	}
}

func TestTooManyAtOnceGoOutAsTheyAre(t *testing.T) {
	t.Parallel()
	s := stages(t, compress.Config{})
	ask := func() (*pipeline.Exchange, *http.Response) {
		x := exchange("GET", "gzip")
		resp, err := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) {
			return response(document(2<<10), "Etag", `"v1"`), nil
		}, s...)(t.Context(), x)
		require.NoError(t, err)
		return x, resp
	}
	var open []*pipeline.Exchange
	for range compress.MaxInFlight {
		x, resp := ask()
		require.Equal(t, "gzip", resp.Header.Get("Content-Encoding"))
		open = append(open, x)
	}
	x, resp := ask()
	require.NotContains(t, resp.Header, "Content-Encoding")
	require.Equal(t, `"v1"`, resp.Header.Get("Etag"))
	require.EqualValues(t, 2<<10, resp.ContentLength)
	require.Equal(t, []pipeline.Decision{{Stage: "compress", Verdict: pipeline.Warn, Code: compress.CodeBusy}}, x.Decisions())

	require.NoError(t, open[0].Finish(nil))
	_, resp = ask()
	require.Equal(t, "gzip", resp.Header.Get("Content-Encoding"), "the place was not given back")
	_, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	_, resp = ask()
	require.Equal(t, "gzip", resp.Header.Get("Content-Encoding"), "an answer read to its end keeps its place")
}

func TestWhatIsLeftAlone(t *testing.T) {
	t.Parallel()
	long := document(4 << 10)
	status := func(status int, resp *http.Response) *http.Response {
		resp.StatusCode = status
		return resp
	}
	const vary = "Accept-Encoding"
	for name, tc := range map[string]struct {
		config compress.Config
		x      *pipeline.Exchange
		resp   *http.Response
		vary   string
	}{
		"where nothing is accepted":         {x: exchange("GET", ""), resp: response(long), vary: vary},
		"where only others are":             {x: exchange("GET", "deflate, compress"), resp: response(long), vary: vary},
		"what is short":                     {x: exchange("GET", "gzip"), resp: response(document(1023)), vary: vary},
		"what is shorter than set":          {config: compress.Config{MinLength: 8 << 10}, x: exchange("GET", "gzip"), resp: response(long), vary: vary},
		"an image":                          {x: exchange("GET", "gzip"), resp: response(long, "Content-Type", "image/png")},
		"an event stream":                   {x: exchange("GET", "gzip"), resp: streamed(strings.NewReader(long), "Content-Type", "text/event-stream; charset=utf-8")},
		"gRPC":                              {x: exchange("GET", "gzip"), resp: response(long, "Content-Type", "application/grpc")},
		"what has no type":                  {x: exchange("GET", "gzip"), resp: response(long, "Content-Type", "")},
		"a type that is not set":            {config: compress.Config{Types: []string{"text/*"}}, x: exchange("GET", "gzip"), resp: response(long)},
		"what is encoded":                   {x: exchange("GET", "gzip"), resp: response(long, "Content-Encoding", "br")},
		"what may not be altered":           {x: exchange("GET", "gzip"), resp: response(long, "Cache-Control", "max-age=1, No-Transform")},
		"what the client wants unaltered":   {x: exchange("GET", "gzip", "Cache-Control", "no-transform"), resp: response(long)},
		"a part":                            {x: exchange("GET", "gzip"), resp: status(206, response(long, "Content-Range", "bytes 0-1/2"))},
		"a part with another status":        {x: exchange("GET", "gzip"), resp: response(long, "Content-Range", "bytes 0-1/2")},
		"a switch of protocols":             {x: exchange("GET", "gzip"), resp: status(101, response(long))},
		"204":                               {x: exchange("GET", "gzip"), resp: status(204, response("")), vary: vary},
		"what sets a cookie":                {x: exchange("GET", "gzip"), resp: response(long, "Set-Cookie", "a=b"), vary: vary},
		"a cookie of who knows where":       {x: exchange("GET", "gzip", "Cookie", "a=b"), resp: response(long), vary: vary},
		"a cookie on a request across site": {x: exchange("GET", "gzip", "Cookie", "a=b", "Sec-Fetch-Site", "cross-site"), resp: response(long), vary: vary},
		"a cookie of a neighbour":           {x: exchange("GET", "gzip", "Cookie", "a=b", "Sec-Fetch-Site", "same-site"), resp: response(long), vary: vary},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inner := tc.resp.Body
			header := tc.resp.Header.Clone()
			length := tc.resp.ContentLength
			if tc.vary != "" {
				header.Set("Vary", tc.vary)
			}
			resp := serve(t, tc.config, tc.x, tc.resp)
			require.Same(t, inner, resp.Body)
			require.Equal(t, header, resp.Header)
			require.Equal(t, length, resp.ContentLength)
			require.Empty(t, tc.x.Decisions())
		})
	}
}

func TestWhatIsCompressed(t *testing.T) {
	t.Parallel()
	long := document(4 << 10)
	for name, tc := range map[string]struct {
		config compress.Config
		x      *pipeline.Exchange
		resp   *http.Response
	}{
		"JSON":                      {x: exchange("GET", "gzip"), resp: response(long)},
		"a type with parameters":    {x: exchange("GET", "gzip"), resp: response(long, "Content-Type", "Text/HTML; charset=utf-8")},
		"a type with a suffix":      {x: exchange("GET", "gzip"), resp: response(long, "Content-Type", "application/problem+json")},
		"exactly the least length":  {x: exchange("GET", "gzip"), resp: response(document(1024))},
		"what is of unknown length": {x: exchange("GET", "gzip"), resp: streamed(strings.NewReader("hi"))},
		"an answer to POST":         {x: exchange("POST", "gzip"), resp: response(long)},
		"an encoding that is none":  {x: exchange("GET", "gzip"), resp: response(long, "Content-Encoding", "identity")},
		"an event stream, named in full": {
			config: compress.Config{Types: []string{"text/event-stream"}}, x: exchange("GET", "gzip"),
			resp: streamed(strings.NewReader(long), "Content-Type", "text/event-stream"),
		},
		"a cookie of the same origin":  {x: exchange("GET", "gzip", "Cookie", "a=b", "Sec-Fetch-Site", "same-origin"), resp: response(long)},
		"a cookie, typed by a person":  {x: exchange("GET", "gzip", "Cookie", "a=b", "Sec-Fetch-Site", "none"), resp: response(long)},
		"a cookie where it is allowed": {config: compress.Config{Cookies: "always"}, x: exchange("GET", "gzip", "Cookie", "a=b"), resp: response(long, "Set-Cookie", "a=b")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := serve(t, tc.config, tc.x, tc.resp)
			require.Equal(t, []string{"gzip"}, resp.Header["Content-Encoding"])
			require.Equal(t, []string{"Accept-Encoding"}, resp.Header["Vary"])
			require.NotContains(t, resp.Header, "Content-Length")
			require.Equal(t, []pipeline.Decision{{Stage: "compress", Rule: "gzip", Verdict: pipeline.Alter}}, tc.x.Decisions())
		})
	}
}

func TestETagsBecomeWeak(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method, accept string
		status         int
		etag, want     string
	}{
		"a strong one":                    {"GET", "gzip", 200, `"v1"`, `W/"v1"`},
		"a weak one stays":                {"GET", "gzip", 200, `W/"v1"`, `W/"v1"`},
		"none stays none":                 {"GET", "gzip", 200, "", ""},
		"uncompressed it stays strong":    {"GET", "", 200, `"v1"`, `"v1"`},
		"304 names the same as 200":       {"GET", "gzip", 304, `"v1"`, `W/"v1"`},
		"304 of the plain body":           {"GET", "", 304, `"v1"`, `"v1"`},
		"HEAD says what GET would":        {"HEAD", "gzip", 200, `"v1"`, `W/"v1"`},
		"HEAD of the plain body is plain": {"HEAD", "", 200, `"v1"`, `"v1"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := response(document(4 << 10))
			from.StatusCode = tc.status
			if tc.etag != "" {
				from.Header["Etag"] = []string{tc.etag}
			}
			resp := serve(t, compress.Config{}, exchange(tc.method, tc.accept), from)
			require.Equal(t, tc.want, resp.Header.Get("Etag"))
			require.Equal(t, "Accept-Encoding", resp.Header.Get("Vary"))
		})
	}
}

func TestNoLengthIsSaidThatGETWouldNotHave(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method, accept string
		status         int
		kept           bool
	}{
		"to HEAD":                   {"HEAD", "gzip", 200, false},
		"in 304":                    {"GET", "gzip", 304, false},
		"to HEAD of the plain body": {"HEAD", "", 200, true},
		"in 304 of the plain body":  {"GET", "", 304, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := response("", "Content-Length", "4096")
			from.StatusCode, from.ContentLength, from.Body = tc.status, 4096, http.NoBody
			resp := serve(t, compress.Config{}, exchange(tc.method, tc.accept), from)
			require.Equal(t, tc.kept, resp.Header.Get("Content-Length") == "4096")
			require.Equal(t, tc.kept, resp.ContentLength == 4096)
			require.Equal(t, http.NoBody, resp.Body)
			require.NotContains(t, resp.Header, "Content-Encoding")
		})
	}
}

func TestTrailersStay(t *testing.T) {
	t.Parallel()
	from := response(document(4 << 10))
	from.Trailer = http.Header{"X-Sum": nil}
	resp := serve(t, compress.Config{}, exchange("GET", "gzip"), from)
	from.Trailer["X-Sum"] = []string{"1"}
	require.Equal(t, http.Header{"X-Sum": {"1"}}, resp.Trailer)
}

func TestNegotiation(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		accept  []string
		offered []string
		want    string
	}{
		"what browsers send":                    {accept: []string{"gzip, deflate, br, zstd"}, want: "zstd"},
		"the order of the settings":             {accept: []string{"gzip, br, zstd"}, offered: []string{"gzip", "br"}, want: "gzip"},
		"the higher weight":                     {accept: []string{"zstd;q=0.5, gzip;q=0.8"}, want: "gzip"},
		"three digits of weight":                {accept: []string{"zstd;q=0.998, gzip;q=0.999"}, want: "gzip"},
		"weights of different length":           {accept: []string{"zstd;q=0.05, gzip;q=0.1"}, want: "gzip"},
		"weight nought refuses":                 {accept: []string{"zstd;q=0, br;q=0.0, gzip;q=0.000"}, want: ""},
		"a star takes all":                      {accept: []string{"*"}, want: "zstd"},
		"a star with a weight":                  {accept: []string{"gzip, *;q=0.5"}, want: "gzip"},
		"a star refuses the others":             {accept: []string{"gzip;q=0.1, *;q=0"}, want: "gzip"},
		"a star but for one":                    {accept: []string{"zstd;q=0, *"}, want: "br"},
		"no encoding is preferred":              {accept: []string{"identity, gzip;q=0.5"}, want: ""},
		"no encoding is as good":                {accept: []string{"identity, gzip"}, want: "gzip"},
		"no encoding is worse":                  {accept: []string{"identity;q=0.5, gzip"}, want: "gzip"},
		"no encoding is forbidden, none fits":   {accept: []string{"identity;q=0"}, want: ""},
		"the old name of gzip":                  {accept: []string{"x-gzip"}, want: "gzip"},
		"another case and spaces":               {accept: []string{" GZip ; Q=1.000 "}, want: "gzip"},
		"several lines":                         {accept: []string{"deflate", "br"}, want: "br"},
		"an empty value":                        {accept: []string{""}, want: ""},
		"empty members":                         {accept: []string{",,gzip,"}, want: "gzip"},
		"a weight above one":                    {accept: []string{"gzip;q=1.5"}, want: ""},
		"a weight of four digits":               {accept: []string{"gzip;q=0.9999"}, want: ""},
		"a weight that is none":                 {accept: []string{"gzip;q=high"}, want: ""},
		"a parameter that is no weight":         {accept: []string{"gzip;level=9"}, want: ""},
		"a name that only begins alike":         {accept: []string{"gzip2, brotli"}, want: ""},
		"more than anybody needs":               {accept: []string{strings.Repeat("x,", 40) + "gzip"}, want: ""},
		"a long list that is not too long, too": {accept: []string{strings.Repeat("x,", 30) + "gzip"}, want: "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := exchange("GET", "")
			x.In.Header["Accept-Encoding"] = tc.accept
			resp := serve(t, compress.Config{Encodings: tc.offered}, x, response(document(2<<10)))
			require.Equal(t, tc.want, resp.Header.Get("Content-Encoding"))
		})
	}
}

func TestRefusalsPass(t *testing.T) {
	t.Parallel()
	refused := pipeline.Refuse(401, "no", "")
	_, err := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) { return nil, refused },
		stages(t, compress.Config{})...)(t.Context(), exchange("GET", "gzip"))
	require.ErrorIs(t, err, refused)
}

func TestSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config      compress.Config
		field, want string
	}{
		"an unknown encoding":     {compress.Config{Encodings: []string{"gzip", "gzpi"}}, "/encodings/1", `did you mean "gzip"`},
		"one encoding twice":      {compress.Config{Encodings: []string{"br", "br"}}, "/encodings/1", "twice"},
		"a negative length":       {compress.Config{MinLength: -1}, "/min_length", "0 or more"},
		"a type without subtype":  {compress.Config{Types: []string{"json"}}, "/types/0", "media type"},
		"every type":              {compress.Config{Types: []string{"*/*"}}, "/types/0", "media type"},
		"a star in the middle":    {compress.Config{Types: []string{"text/a*b"}}, "/types/0", "media type"},
		"two stars":               {compress.Config{Types: []string{"text/**"}}, "/types/0", "media type"},
		"a type in upper case":    {compress.Config{Types: []string{"Text/html"}}, "/types/0", "lower case"},
		"a type with parameters":  {compress.Config{Types: []string{"text/html; charset=utf-8"}}, "/types/0", "media type"},
		"another rule of cookies": {compress.Config{Cookies: "never"}, "/cookies", "always, same_origin"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := compress.New("compress", tc.config)
			faults := registry.AsFaults(err)
			require.Len(t, faults, 1, "%v", err)
			require.Equal(t, tc.field, faults[0].Field)
			require.ErrorContains(t, faults[0].Err, tc.want)
		})
	}
}

func TestTheStageStandsOutsideOfEverythingThatReadsBodies(t *testing.T) {
	t.Parallel()
	s := stages(t, compress.Config{})
	require.Len(t, s, 1)
	require.Equal(t, pipeline.Observe, s[0].Phase)
	require.Equal(t, "compress", s[0].Name)
	require.NotEqual(t, s[0].Vary(exchange("GET", "gzip")), s[0].Vary(exchange("GET", "br")))
}

func BenchmarkCompress(b *testing.B) {
	content := document(16 << 10)
	for _, accept := range append(encodings(), "identity") {
		b.Run(accept, func(b *testing.B) {
			reader := strings.NewReader(content)
			resp := response("")
			h := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) {
				reader.Reset(content)
				resp.Body, resp.ContentLength = io.NopCloser(reader), int64(len(content))
				delete(resp.Header, "Content-Encoding")
				return resp, nil
			}, stages(b, compress.Config{})...)
			into := make([]byte, 32<<10)
			x := exchange("GET", accept)
			b.ReportAllocs()
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				one := pipeline.Exchange{In: x.In}
				got, err := h(b.Context(), &one)
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, err = got.Body.Read(into)
				}
				_ = one.Finish(nil)
			}
		})
	}
}

func FuzzCompress(f *testing.F) {
	for _, accept := range []string{"gzip", "br;q=0.5, *", "zstd", "identity;q=0", ";q=,;;", "gzip;q=0.1234"} {
		f.Add(accept, []byte("hello hello hello"), uint8(3))
	}
	comp, err := compress.New("compress", compress.Config{MinLength: 1})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, accept string, content []byte, step uint8) {
		x := exchange("GET", "")
		x.In.Header["Accept-Encoding"] = []string{accept}
		resp := streamed(&stepper{content, int(step) + 1})
		require.NoError(t, comp.Response(x, resp))
		encoding := resp.Header.Get("Content-Encoding")
		if encoding == "" {
			return
		}
		require.True(t, strings.Contains(strings.ToLower(accept), encoding) || strings.Contains(accept, "*"), "%q gave %s", accept, encoding)
		got, err := io.ReadAll(decoder(t, encoding, resp.Body))
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, got))
		require.NoError(t, x.Finish(nil))
	})
}

// stepper gives step bytes at a time.
type stepper struct {
	content []byte
	step    int
}

func (s *stepper) Read(p []byte) (int, error) {
	if len(s.content) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(s.step, len(p))], s.content)
	s.content = s.content[n:]
	return n, nil
}
