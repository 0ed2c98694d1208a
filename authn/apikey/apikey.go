package apikey

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

const (
	scheme    = "api_key"
	minSecret = 16
)

// New makes an authenticator that looks keys up in directory under the secret.
// c.Secret does not count.
func New(directory registry.Directory, secret []byte, c Config) (authn.Authenticator, error) {
	if directory == nil {
		return nil, errors.New("API keys need a directory")
	}
	if len(secret) < minSecret {
		return nil, registry.At("/secret", fmt.Errorf("want at least %d bytes", minSecret))
	}
	c = c.places()
	return &authenticator{
		config: c, header: http.CanonicalHeaderKey(c.Header),
		directory: directory, summer: newSummer(secret),
	}, nil
}

type authenticator struct {
	config    Config
	header    string // canonical
	directory registry.Directory
	summer    *summer
}

// Authenticate looks the key of the request up.
func (a *authenticator) Authenticate(ctx context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	f, err := a.Find(x)
	if err != nil {
		return nil, err
	}
	return a.Judge(ctx, x, f)
}

// Find implements authn.Finder.
func (a *authenticator) Find(x *pipeline.Exchange) (authn.Found, error) {
	key, at, err := a.find(x)
	return authn.Found{Credential: key, Place: uint8(at)}, err
}

// Judge implements authn.Finder.
func (a *authenticator) Judge(ctx context.Context, x *pipeline.Exchange, f authn.Found) (*pipeline.Identity, error) {
	at := place(f.Place)
	a.remove(x, at)
	c, err := a.directory.Credential(ctx, a.summer.sum(f.Credential))
	switch {
	case errors.Is(err, registry.ErrUnknown):
		return nil, unknown()
	case err != nil:
		return nil, unavailable(err)
	case c == nil:
		return nil, unavailable(errors.New("the directory returned no credential and no error"))
	case expired(c):
		return nil, unknown().Because(authn.Reason(CodeExpired))
	}
	return a.identity(x, c, at), nil
}

// Challenges names the scheme that asks for a key.
func (a *authenticator) Challenges() []string {
	if a.config.Scheme != "" {
		return []string{a.config.Scheme}
	}
	return []string{"ApiKey"}
}

func (a *authenticator) identity(x *pipeline.Exchange, c *registry.Credential, at place) *pipeline.Identity {
	id := x.NewIdentity()
	*id = pipeline.Identity{
		Subject: c.ID, Consumer: c.Consumer, Scheme: scheme,
		Environment: c.Environment, Expires: c.NotAfter, Forwarded: a.config.Forward && at != inQuery,
	}
	return id
}

func expired(c *registry.Credential) bool {
	return !c.NotAfter.IsZero() && !time.Now().Before(c.NotAfter)
}

func unknown() *pipeline.Problem {
	return pipeline.Refuse(http.StatusUnauthorized, CodeUnknown, "The API key is not known.")
}

func unavailable(cause error) *pipeline.Problem {
	return pipeline.Refuse(http.StatusServiceUnavailable, CodeDirectoryUnavailable,
		"The API key cannot be checked at present.").Because(cause)
}
