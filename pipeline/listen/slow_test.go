package listen_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline/listen"
)

// pipes is a listener of one end of net.Pipe after the other, for virtual time.
type pipes struct {
	conns chan net.Conn
	over  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.over:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.over:
	default:
		close(p.over)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return address("pipes") }

type address string

func (address) Network() string  { return "pipe" }
func (a address) String() string { return string(a) }

// from is a connection whose peer has an address.
type from struct {
	net.Conn
	addr string
}

func (f from) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(f.addr)) }

// clients are the goroutines that send.
type clients struct {
	sync.WaitGroup
	ln *pipes
}

func (v *clients) dial() net.Conn {
	ours, theirs := net.Pipe()
	v.ln.conns <- from{theirs, "192.0.2.1:1"}
	return ours
}

// virtual runs f with a server of h in virtual time; dial connects to it.
func virtual(t *testing.T, h http.HandlerFunc, c listen.Config, f func(t *testing.T, v *clients)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ln := &pipes{make(chan net.Conn), make(chan struct{})}
		s := listen.NewServer(h, c)
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(ln) }()
		v := &clients{ln: ln}
		defer func() { // also where f fails
			require.NoError(t, s.Close())
			v.Wait()
			require.ErrorIs(t, <-ended, http.ErrServerClosed)
		}()
		f(t, v)
	})
}

func ok(http.ResponseWriter, *http.Request) {}

// read answers how the body was read.
func read(w http.ResponseWriter, r *http.Request) {
	if n, err := io.Copy(io.Discard, r.Body); err != nil {
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			w.WriteHeader(http.StatusRequestTimeout)
			return
		}
		w.WriteHeader(http.StatusBadRequest)
	} else {
		_, _ = fmt.Fprint(w, n)
	}
}

func write(t *testing.T, conn io.Writer, s string) {
	t.Helper()
	_, err := io.WriteString(conn, s)
	require.NoError(t, err)
}

func TestAHeadThatDoesNotComeIsRefused(t *testing.T) {
	virtual(t, ok, listen.Config{}, func(t *testing.T, v *clients) {
		conn := v.dial()
		time.Sleep(4 * time.Second)
		write(t, conn, "GET / HTTP/1.1\r\n")
		start := time.Now()
		require.Equal(t, []int{http.StatusRequestTimeout}, answers(t, conn))
		require.Equal(t, 5*time.Second+lingering, time.Since(start))
	})
}

// lingering is how long a client may take to hang up that was refused.
const lingering = 500 * time.Millisecond

func TestAHeadThatTricklesIsRefusedAllTheSame(t *testing.T) {
	virtual(t, ok, listen.Config{}, func(t *testing.T, v *clients) {
		conn := v.dial()
		start := time.Now()
		v.Go(func() {
			for _, b := range strings.Repeat(get, 10) {
				if _, err := io.WriteString(conn, string(b)); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		})
		require.Equal(t, []int{http.StatusRequestTimeout}, answers(t, conn))
		require.LessOrEqual(t, time.Since(start), 5*time.Second+lingering)
		require.NoError(t, conn.Close())
	})
}

func TestAConnectionThatSaysNothingIsClosedWithoutAWord(t *testing.T) {
	virtual(t, ok, listen.Config{}, func(t *testing.T, v *clients) {
		start := time.Now()
		require.Empty(t, answers(t, v.dial()))
		require.Equal(t, 5*time.Second, time.Since(start))
	})
}

func TestAnIdleConnectionIsClosedWithoutAWord(t *testing.T) {
	virtual(t, ok, listen.Config{}, func(t *testing.T, v *clients) {
		conn := v.dial()
		write(t, conn, get)
		start := time.Now()
		require.Equal(t, []int{http.StatusOK}, answers(t, conn))
		require.Equal(t, time.Minute, time.Since(start))
	})
}

func TestAConnectionMayIdleBetweenRequests(t *testing.T) {
	virtual(t, ok, listen.Config{}, func(t *testing.T, v *clients) {
		conn := v.dial()
		v.Go(func() {
			for range 3 {
				_, _ = io.WriteString(conn, get)
				time.Sleep(59 * time.Second)
			}
		})
		require.Equal(t, []int{200, 200, 200}, answers(t, conn))
	})
}

func TestABodyThatComesTooSlowlyIsRefused(t *testing.T) {
	virtual(t, read, listen.Config{}, func(t *testing.T, v *clients) {
		conn := v.dial()
		start := time.Now()
		v.Go(func() {
			_, _ = io.WriteString(conn, post+"Content-Length: 1000\r\n\r\n")
			for {
				time.Sleep(2 * time.Second)
				if _, err := io.WriteString(conn, "x"); err != nil {
					return
				}
			}
		})
		require.Equal(t, []int{http.StatusRequestTimeout}, answers(t, conn))
		require.InDelta(t, 10, time.Since(start).Seconds(), 1)
	})
}

func TestABodyOfTheLeastRateIsRead(t *testing.T) {
	virtual(t, read, listen.Config{}, func(t *testing.T, v *clients) {
		conn := v.dial()
		v.Go(func() {
			_, _ = io.WriteString(conn, post+"Connection: close\r\nContent-Length: 60000\r\n\r\n")
			for range 100 {
				time.Sleep(time.Second)
				_, _ = io.WriteString(conn, strings.Repeat("x", 600))
			}
		})
		require.Equal(t, []int{http.StatusOK}, answers(t, conn))
	})
}

func TestOnlyWaitingCountsAgainstABody(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Hour)
		read(w, r)
	}
	virtual(t, h, listen.Config{}, func(t *testing.T, v *clients) {
		conn := v.dial()
		v.Go(func() { _, _ = io.WriteString(conn, post+"Connection: close\r\nContent-Length: 5\r\n\r\nhello") })
		require.Equal(t, []int{http.StatusOK}, answers(t, conn))
	})
}

func TestABodyThatIsAStreamMayBeSlow(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		listen.Patient(r.Context())
		read(w, r)
	}
	virtual(t, h, listen.Config{}, func(t *testing.T, v *clients) {
		conn := v.dial()
		v.Go(func() {
			_, _ = io.WriteString(conn, post+"Connection: close\r\nContent-Length: 5\r\n\r\n")
			for _, b := range "hello" {
				time.Sleep(time.Hour)
				_, _ = io.WriteString(conn, string(b))
			}
		})
		require.Equal(t, []int{http.StatusOK}, answers(t, conn))
	})
	listen.Patient(context.Background()) // elsewhere it means nothing
}

func TestNoRateIsAskedForWhereThereIsNone(t *testing.T) {
	virtual(t, read, listen.Config{Limits: listen.Limits{BodyRate: -1}}, func(t *testing.T, v *clients) {
		conn := v.dial()
		v.Go(func() {
			_, _ = io.WriteString(conn, post+"Connection: close\r\nContent-Length: 5\r\n\r\nhell")
			time.Sleep(time.Hour)
			_, _ = io.WriteString(conn, "o")
		})
		require.Equal(t, []int{http.StatusOK}, answers(t, conn))
	})
}

func TestTheDeadlineOfAHandlerHoldsBesideTheRate(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second))
		_, err := io.Copy(io.Discard, r.Body)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	virtual(t, h, listen.Config{}, func(t *testing.T, v *clients) {
		conn := v.dial()
		start := time.Now()
		v.Go(func() { _, _ = io.WriteString(conn, post+"Content-Length: 5\r\n\r\nhell") })
		require.Equal(t, []int{http.StatusOK}, answers(t, conn))
		require.Equal(t, time.Second, time.Since(start))
	})
}

func TestAHeadSentAheadIsInNoHurryWhileTheAnswerIs(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) { time.Sleep(time.Hour) }
	virtual(t, h, listen.Config{}, func(t *testing.T, v *clients) {
		conn := v.dial()
		start := time.Now()
		v.Go(func() { _, _ = io.WriteString(conn, get+"GET / HT") })
		require.Equal(t, []int{http.StatusOK, http.StatusRequestTimeout}, answers(t, conn))
		require.Equal(t, time.Hour+5*time.Second+lingering, time.Since(start))
	})
}

func TestMuchThatIsSentAheadWaitsItsTurn(t *testing.T) {
	virtual(t, func(w http.ResponseWriter, r *http.Request) { time.Sleep(time.Second); read(w, r) }, listen.Config{},
		func(t *testing.T, v *clients) {
			conn := v.dial()
			v.Go(func() {
				large := post + "Content-Length: 50000\r\n\r\n" + strings.Repeat("x", 50000)
				_, _ = io.WriteString(conn, strings.Repeat(large, 5)+"GET / HTTP/1.1\r\n"+host+"Connection: close\r\n\r\n")
			})
			require.Equal(t, []int{200, 200, 200, 200, 200, 200}, answers(t, conn))
		})
}

func TestAClientThatTakesNothingIsCutOff(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		_, err := io.WriteString(w, strings.Repeat("x", 1<<20))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, 30*time.Second, time.Since(start))
	}
	virtual(t, h, listen.Config{}, func(t *testing.T, v *clients) {
		conn := v.dial()
		write(t, conn, get)
		time.Sleep(time.Minute)
		_, err := conn.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
	})
}

func TestAnAnswerThatIsTakenTooSlowlyIsCutOff(t *testing.T) {
	for perSecond, done := range map[int]bool{400: false, 600: true} {
		t.Run(fmt.Sprint(perSecond, " bytes a second"), func(t *testing.T) {
			h := func(w http.ResponseWriter, r *http.Request) {
				start := time.Now()
				_, err := io.WriteString(w, strings.Repeat("x", 100_000))
				require.Equal(t, done, err == nil, "%v", err)
				if !done {
					require.InDelta(t, 150, time.Since(start).Seconds(), 5, "100 bytes a second are missing of 500, for 30 s")
				}
			}
			virtual(t, h, listen.Config{}, func(t *testing.T, v *clients) {
				conn := v.dial()
				write(t, conn, get)
				for range 300 {
					if _, err := io.ReadFull(conn, make([]byte, perSecond)); err != nil {
						break
					}
					time.Sleep(time.Second)
				}
				require.NoError(t, conn.Close())
			})
		})
	}
}

func TestTheWatchOverWritesIsForProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		guarded := listen.Guard(theirs, listen.Limits{WriteRate: -1})
		ended := make(chan error, 1)
		go func() {
			_, err := io.WriteString(guarded, strings.Repeat("x", 100))
			ended <- err
		}()
		for range 10 { // slow, but it takes something
			time.Sleep(20 * time.Second)
			_, err := ours.Read(make([]byte, 1))
			require.NoError(t, err)
		}
		start := time.Now()
		require.ErrorIs(t, <-ended, os.ErrDeadlineExceeded)
		require.LessOrEqual(t, time.Since(start), 60*time.Second)
		require.NoError(t, guarded.Close())
	})
}

func TestADeadlineForWritesHoldsBesideTheWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, theirs := net.Pipe()
		guarded := listen.Guard(theirs, listen.Limits{})
		require.NoError(t, guarded.SetDeadline(time.Now().Add(time.Second)))
		start := time.Now()
		_, err := io.WriteString(guarded, "x")
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
	})
}

func TestAConnectionThatWasTakenOverHasNoLimits(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		require.NoError(t, err)
		defer conn.Close()
		ahead := make([]byte, 10)
		_, err = io.ReadFull(conn, ahead) // nothing of it is in the server's buffer
		require.NoError(t, err)
		require.Zero(t, buffered.Reader.Buffered())
		require.Equal(t, "\x01\n ahead\r\n", string(ahead))
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
		later := make([]byte, 5)
		_, err = io.ReadFull(conn, later)
		require.NoError(t, err)
		_, err = conn.Write(later)
		require.NoError(t, err)
	}
	virtual(t, h, listen.Config{}, func(t *testing.T, v *clients) {
		conn := v.dial()
		write(t, conn, "GET / HTTP/1.1\r\n"+host+"Connection: upgrade\r\nUpgrade: x\r\n\r\n")
		write(t, conn, "\x01\n ahead\r\n")
		head := make([]byte, len("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"))
		_, err := io.ReadFull(conn, head)
		require.NoError(t, err)
		time.Sleep(24 * time.Hour)
		write(t, conn, "later")
		time.Sleep(24 * time.Hour) // and takes nothing
		got, err := io.ReadAll(conn)
		require.NoError(t, err)
		require.Equal(t, "later", string(got))
	})
}

func TestAProxyHasToIntroduceItsClientInTime(t *testing.T) {
	c := listen.Config{Proxy: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	virtual(t, ok, c, func(t *testing.T, v *clients) {
		conn := v.dial()
		start := time.Now()
		write(t, conn, "PROXY TCP4 198.51.100.1 ")
		require.Empty(t, answers(t, conn))
		require.Equal(t, 5*time.Second, time.Since(start))
	})
}
