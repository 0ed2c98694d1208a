package listen

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// checkEvery is how often the files of a certificate are looked at, at most.
const checkEvery = time.Second

// A Certificate is a key pair that is read again when its files change. A pair
// that does not fit together, or is over already, is not taken: the one before
// goes on. It may be used by many goroutines.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	current atomic.Pointer[tls.Certificate]
	checked atomic.Int64 // when the files were looked at, in Unix nanoseconds

	mu    sync.Mutex
	stamp stamp // of the files that were last read, whatever came of it
}

// A stamp tells whether a pair of files is the one that was read before.
type stamp struct{ cert, key os.FileInfo }

func (s stamp) same(t stamp) bool { return sameFile(s.cert, t.cert) && sameFile(s.key, t.key) }

func sameFile(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// Certificates reads the key pair, in PEM, whose files are named. The log is
// told of each pair that is taken, and of each that is not; it may be nil.
//
//	cert, err := listen.Certificates("tls.crt", "tls.key", log)
//	...
//	config := &tls.Config{GetCertificate: cert.GetCertificate}
func Certificates(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: orDefault(log, slog.New(slog.DiscardHandler))}
	s, err := c.look()
	if err != nil {
		return nil, err
	}
	pair, err := c.read()
	if err != nil {
		return nil, err
	}
	c.stamp = s
	c.current.Store(pair)
	c.checked.Store(time.Now().UnixNano())
	return c, nil
}

// GetCertificate is for tls.Config. It looks at the files at most once a
// second; who comes while they are read gets the pair before.
func (c *Certificate) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if now := time.Now().UnixNano(); now-c.checked.Load() >= int64(checkEvery) && c.mu.TryLock() {
		c.checked.Store(now)
		c.reload()
		c.mu.Unlock()
	}
	return c.current.Load(), nil
}

// NotAfter is when the present certificate ends: for metrics. It looks at the
// files as GetCertificate does.
func (c *Certificate) NotAfter() time.Time {
	pair, _ := c.GetCertificate(nil) // never fails
	return pair.Leaf.NotAfter
}

// reload takes what the files hold, if they have changed and it is sound.
func (c *Certificate) reload() {
	s, err := c.look()
	if err != nil {
		if c.stamp != (stamp{}) { // once is enough
			c.log.Error("certificate not reloaded; the present one goes on", "file", c.certFile, "error", err)
		}
		c.stamp = stamp{}
		return
	}
	if c.stamp != (stamp{}) && s.same(c.stamp) {
		return
	}
	c.stamp = s
	pair, err := c.read()
	if err != nil {
		c.log.Error("certificate not reloaded; the present one goes on", "file", c.certFile, "error", err)
		return
	}
	c.current.Store(pair)
	c.log.Info("certificate reloaded", "file", c.certFile, "not_after", pair.Leaf.NotAfter)
}

func (c *Certificate) look() (s stamp, err error) {
	var other error
	s.cert, err = os.Stat(c.certFile)
	s.key, other = os.Stat(c.keyFile)
	return s, errors.Join(err, other)
}

func (c *Certificate) read() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return nil, fmt.Errorf("read certificate %q: %w", c.certFile, err)
	}
	if end := pair.Leaf.NotAfter; time.Now().After(end) {
		return nil, fmt.Errorf("read certificate %q: it ended at %v", c.certFile, end)
	}
	return &pair, nil
}
