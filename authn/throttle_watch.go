package authn

import (
	"context"
	"errors"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A watcher puts a Throttle in front of each authenticator that others combine:
// only there is it known which credential is judged.
type watcher struct {
	throttle *Throttle
	choice   bool // of several: what one cannot judge another may
}

// watch returns a with each that it combines watched.
func (w watcher) watch(a Authenticator, scopes []string) Authenticator {
	switch a := a.(type) {
	case first:
		w.choice = w.choice || len(a.of) > 1
		return first{of: w.each(a.of, scopes), left: a.left}
	case all:
		return all(w.each(a, scopes))
	case optional:
		return optional{w.watch(a.Authenticator, scopes)}
	case throttled, throttledCarrier:
		return a // by limits of its own
	}
	finder, _ := a.(Finder)
	return &watched{
		throttle: w.throttle, choice: w.choice, of: a, finder: finder,
		scope: w.throttle.scopeKey(scopeAt(scopes, 0)),
	}
}

func (w watcher) each(as []Authenticator, scopes []string) []Authenticator {
	watched := make([]Authenticator, len(as))
	for i, a := range as {
		watched[i] = w.watch(a, []string{scopeAt(scopes, i)})
	}
	return watched
}

// scopeAt returns the scope at i; one stands for all, and none for the empty one.
func scopeAt(scopes []string, i int) string {
	switch len(scopes) {
	case 0:
		return ""
	case 1:
		return scopes[0]
	}
	return scopes[i]
}

// watched is one authenticator that is asked where its Throttle admits it.
type watched struct {
	throttle *Throttle
	scope    uint64
	choice   bool
	of       Authenticator
	finder   Finder // of, where it is one
}

func (w *watched) Authenticate(ctx context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	address := w.throttle.addressKey(x.Client)
	if w.finder == nil {
		return w.askBlind(ctx, x, address)
	}
	f, err := w.finder.Find(x)
	if err != nil {
		return nil, w.unfound(address, err)
	}
	credential := w.throttle.credentialKey(w.scope, f.Credential)
	recorded, err := w.throttle.admit(address, credential)
	if err != nil {
		return nil, err
	}
	id, err := w.finder.Judge(ctx, x, f)
	if err = holds(id, err, x); err != nil {
		return nil, w.blame(credential, err)
	}
	if recorded {
		w.throttle.passed(address, credential)
	}
	return id, nil
}

// askBlind asks one that cannot tell its credentials.
func (w *watched) askBlind(ctx context.Context, x *pipeline.Exchange, address uint64) (*pipeline.Identity, error) {
	if _, err := w.throttle.admit(address, 0); err != nil {
		return nil, err
	}
	id, err := w.of.Authenticate(ctx, x)
	return id, holds(id, err, x)
}

// unfound returns why there is nothing to judge. What cannot be a credential is
// an attempt, too.
func (w *watched) unfound(address uint64, err error) error {
	if errors.Is(err, ErrNoCredentials) {
		return err
	}
	if _, refused := w.throttle.admit(address, 0); refused != nil {
		return refused
	}
	return err
}

// holds returns err, or why what was found does not count here.
func holds(id *pipeline.Identity, err error, x *pipeline.Exchange) error {
	switch {
	case err != nil:
		return err
	case id == nil:
		return errNobody
	case !fits(id, x.Environment):
		return wrongEnvironment()
	}
	return nil
}

// blame returns err with the credential that is to be held to it. Of what was
// left to others nobody knows whose it is: another credential beside it may be
// the one that counts.
func (w *watched) blame(credential uint64, err error) error {
	if !isFailure(err) || w.choice && errors.Is(err, ErrForeign) {
		return err
	}
	return &attempt{error: err, credential: credential}
}

// An attempt is an error with the key of the credential that caused it.
type attempt struct {
	error
	credential uint64
}

// Unwrap returns the error.
func (a *attempt) Unwrap() error { return a.error }
