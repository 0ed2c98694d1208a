package jwt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds of one download.
const (
	maxKeySet    = 1 << 20
	maxDownload  = 5 * time.Second
	maxRedirects = 3
	maxHead      = 64 << 10
)

// A download fetches a key set.
type download struct {
	url    string
	client *http.Client
}

func newDownload(c Config, o options) *download {
	transport := o.transport
	if transport == nil {
		transport = newTransport(policyOf(c))
	}
	return &download{url: c.JWKSURL, client: &http.Client{Transport: transport, CheckRedirect: sameHost}}
}

// newTransport dials addresses that the policy admits only, and no proxy: that
// would dial for it. A connection is used once.
func newTransport(p addressPolicy) *http.Transport {
	return &http.Transport{
		DialContext:            p.dialer().DialContext,
		TLSHandshakeTimeout:    maxDownload,
		MaxResponseHeaderBytes: maxHead,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
	}
}

var (
	errRedirect = errors.New("redirected to another host")
	errTooLong  = fmt.Errorf("the key set is longer than %d bytes", maxKeySet)
)

func sameHost(req *http.Request, via []*http.Request) error {
	from := via[0].URL
	if req.URL.Scheme != from.Scheme || req.URL.Host != from.Host || len(via) > maxRedirects {
		return errRedirect
	}
	return nil
}

// name returns the URL without what may be secret of it.
func (d *download) name() string {
	bare, _, _ := strings.Cut(d.url, "?")
	return bare
}

func (d *download) get(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, maxDownload)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return nil, bare(err)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := d.client.Do(req)
	if err != nil {
		return nil, bare(err)
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	return read(resp)
}

func read(resp *http.Response) ([]byte, error) {
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the status is %d", resp.StatusCode)
	}
	if !isJSON(resp.Header.Get("Content-Type")) {
		return nil, errors.New("the content is not of a JSON type")
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxKeySet+1))
	if err == nil && len(raw) > maxKeySet {
		err = errTooLong
	}
	return raw, err
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json"))
}

// bare takes the URL out of an error: its query may be secret.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
