package authn

import (
	"context"
	"errors"
	"net/http"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// Throttled asks a, unless too many attempts have failed: from the address of
// the caller, or with the credential that it shows. Who is over a limit of t is
// refused with a 429 before anything is judged, whether or not the credential is
// good. A nil t is one of its own, with the defaults of ThrottleConfig.
//
// An attempt has failed where the answer is a *Problem of 401 or 403. A request
// without credentials has not, nor one that could not be judged, nor one of whose
// credentials one of First has left to another who takes them. A credential that
// was good beside failures from its address goes on being judged while
// that address is over its limit: bad neighbours do not lock it out.
//
// Credentials are told apart by those of a that are a Finder. One that is not
// counts by address alone, and is not asked at all for an address over its limit.
// Attempts that are under way when a limit is reached are let end, so that it may
// be passed by as many as are made at once.
func Throttled(a Authenticator, t *Throttle) Authenticator {
	if t == nil {
		t = newThrottle(ThrottleConfig{}.filled())
	}
	return throttledBy(t, a)
}

// throttledBy is Throttled. scopes are those of the credentials of each that a
// combines, or of all.
func throttledBy(t *Throttle, a Authenticator, scopes ...string) Authenticator {
	g := throttled{t, watcher{throttle: t}.watch(a, scopes), challengesOf(a)}
	if c, ok := a.(Carrier); ok {
		return throttledCarrier{g, c}
	}
	return g
}

// throttled counts what comes of its authenticator, which is watched.
type throttled struct {
	throttle   *Throttle
	of         Authenticator
	challenges []string
}

// A throttledCarrier is throttled, and knows where its credentials stand.
type throttledCarrier struct {
	throttled
	Carrier
}

func (g throttled) Authenticate(ctx context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	id, err := g.of.Authenticate(ctx, x)
	if err != nil {
		return nil, g.settle(x, err)
	}
	return id, nil
}

// settle counts what failed, and returns err as its authenticator made it.
func (g throttled) settle(x *pipeline.Exchange, err error) error {
	if !isFailure(err) {
		return err
	}
	address := g.throttle.addressKey(x.Client)
	a, told := errors.AsType[*attempt](err)
	if !told {
		g.throttle.failed(address, 0)
		return err
	}
	g.throttle.failed(address, a.credential)
	if err == error(a) {
		return a.error
	}
	return err
}

func (g throttled) Challenges() []string { return g.challenges }

// isFailure reports whether err says that credentials do not hold.
func isFailure(err error) bool {
	p, ok := errors.AsType[*pipeline.Problem](err)
	return ok && p != nil && !errors.Is(err, ErrNoCredentials) &&
		(p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden)
}
