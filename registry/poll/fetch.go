package poll

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// errUnchanged says that there is nothing new: 304.
var errUnchanged = errors.New("unchanged")

// errExpired says that the cursor is too old: 410.
var errExpired = errors.New("the cursor has expired")

// fetch asks for a resource and returns the whole body with its ETag.
func (s *Source) fetch(ctx context.Context, address, etag string) (body []byte, newTag string, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	req, err := s.request(ctx, address, etag)
	if err != nil {
		return nil, "", err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, "", bare(err)
	}
	defer resp.Body.Close()
	if err := judge(resp); err != nil {
		return nil, "", err
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, s.bodies+1))
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("read answer: %w", err)
	case int64(len(body)) > s.bodies:
		return nil, "", fmt.Errorf("the answer is longer than %d bytes", s.bodies)
	}
	return body, resp.Header.Get("Etag"), nil
}

func (s *Source) request(ctx context.Context, address, etag string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	if s.token != nil {
		token, err := s.token()
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}

func judge(resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotModified:
		return errUnchanged
	case http.StatusGone:
		return errExpired
	default:
		return fmt.Errorf("the registry answered %d", resp.StatusCode)
	}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return errors.New("the registry answered with something else than JSON")
	}
	return nil
}

// bare takes the address out of an error of the client: it may hold a cursor,
// and the error is compared with the one before.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
