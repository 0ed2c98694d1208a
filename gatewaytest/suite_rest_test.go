package gatewaytest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/authz"
	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/upstream"
	"github.com/seed-f9645bd3/gateway/registry"
)

func TestStoreLetsAGoodStorePass(t *testing.T) {
	t.Parallel()
	TestStore(t, func(testing.TB) cache.Store { return &Store{} })
}

// storeFunc is a store some of whose methods are broken.
type storeFunc struct {
	Store
	get   func(s *Store, ctx context.Context, key string) (*cache.Entry, error)
	set   func(s *Store, ctx context.Context, key string, e *cache.Entry) error
	purge func(s *Store, ctx context.Context, tag string) error
}

func (f *storeFunc) Get(ctx context.Context, key string) (*cache.Entry, error) {
	if f.get == nil {
		return f.Store.Get(ctx, key)
	}
	return f.get(&f.Store, ctx, key)
}

func (f *storeFunc) Set(ctx context.Context, key string, e *cache.Entry) error {
	if f.set == nil {
		return f.Store.Set(ctx, key, e)
	}
	return f.set(&f.Store, ctx, key, e)
}

func (f *storeFunc) Purge(ctx context.Context, tag string) error {
	if f.purge == nil {
		return f.Store.Purge(ctx, tag)
	}
	return f.purge(&f.Store, ctx, tag)
}

func TestStoreHasTeeth(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		broken func() *storeFunc
		checks []string
	}{
		{"returns nil for a miss", func() *storeFunc {
			return &storeFunc{get: func(s *Store, ctx context.Context, key string) (*cache.Entry, error) {
				e, _ := s.Get(ctx, key)
				return e, nil
			}}
		}, []string{"what was never set is a miss"}},
		{"drops the header", func() *storeFunc {
			return &storeFunc{set: func(s *Store, ctx context.Context, key string, e *cache.Entry) error {
				c := *e
				c.Header = http.Header{}
				return s.Set(ctx, key, &c)
			}}
		}, []string{"what was set is there, whole"}},
		{"keeps the first", func() *storeFunc {
			return &storeFunc{set: func(s *Store, ctx context.Context, key string, e *cache.Entry) error {
				if _, err := s.Get(ctx, key); err == nil {
					return nil
				}
				return s.Set(ctx, key, e)
			}}
		}, []string{"the last one set counts"}},
		{"never expires", func() *storeFunc {
			return &storeFunc{set: func(s *Store, ctx context.Context, key string, e *cache.Entry) error {
				c := *e
				c.Expires = time.Time{}
				return s.Set(ctx, key, &c)
			}}
		}, []string{"what has expired is a miss"}},
		{"purges nothing", func() *storeFunc {
			return &storeFunc{purge: func(*Store, context.Context, string) error { return nil }}
		}, []string{"a purge removes what bears the tag, and nothing else"}},
		{"purges everything", func() *storeFunc {
			return &storeFunc{purge: func(s *Store, _ context.Context, _ string) error {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.entries = nil
				return nil
			}}
		}, []string{"a purge removes what bears the tag, and nothing else", "keys are kept apart"}},
		{"folds keys", func() *storeFunc {
			return &storeFunc{
				get: func(s *Store, ctx context.Context, key string) (*cache.Entry, error) {
					return s.Get(ctx, strings.ToLower(key))
				},
				set: func(s *Store, ctx context.Context, key string, e *cache.Entry) error {
					return s.Set(ctx, strings.ToLower(key), e)
				},
			}
		}, []string{"keys are kept apart"}},
		{"writes into entries", func() *storeFunc {
			return &storeFunc{set: func(s *Store, ctx context.Context, key string, e *cache.Entry) error {
				c := *e
				c.Body = bytes.Clone(e.Body)
				e.Header.Set("X-Key", key)
				return s.Set(ctx, key, &c)
			}}
		}, []string{"entries are not altered"}},
		{"mixes up what is asked for at once", func() *storeFunc {
			var mu sync.Mutex
			var last *cache.Entry
			return &storeFunc{
				set: func(_ *Store, _ context.Context, _ string, e *cache.Entry) error {
					mu.Lock()
					defer mu.Unlock()
					if last == nil {
						last = e
					}
					return nil
				},
				get: func(*Store, context.Context, string) (*cache.Entry, error) {
					mu.Lock()
					defer mu.Unlock()
					return last, nil
				},
			}
		}, []string{"many at once do not disturb each other"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			subject := storeSubject{func(testing.TB) cache.Store { return test.broken() }, func(time.Duration) {}}
			bites(t, storeChecks(), subject, test.checks...)
		})
	}
}

func directoryOf(_ testing.TB, changes []registry.Change) registry.Directory {
	d := &Directory{}
	d.Apply(changes...)
	return d
}

func TestDirectoryLetsAGoodDirectoryPass(t *testing.T) {
	t.Parallel()
	TestDirectory(t, directoryOf)
}

// brokenDirectory alters what a directory answers.
type brokenDirectory struct {
	registry.Directory
	subscription func(*registry.Subscription, error) (*registry.Subscription, error)
	credential   func(*registry.Credential, error) (*registry.Credential, error)
	ask          func(consumer, api, environment string) (string, string, string)
}

func (b *brokenDirectory) Subscription(ctx context.Context, consumer, api, environment string) (*registry.Subscription, error) {
	if b.ask != nil {
		consumer, api, environment = b.ask(consumer, api, environment)
	}
	s, err := b.Directory.Subscription(ctx, consumer, api, environment)
	if b.subscription == nil {
		return s, err
	}
	return b.subscription(s, err)
}

func (b *brokenDirectory) Credential(ctx context.Context, sum [32]byte) (*registry.Credential, error) {
	c, err := b.Directory.Credential(ctx, sum)
	if b.credential == nil {
		return c, err
	}
	return b.credential(c, err)
}

func TestDirectoryHasTeeth(t *testing.T) {
	t.Parallel()
	without := func(drop func(c registry.Change) bool) directorySubject {
		return func(t testing.TB, changes []registry.Change) registry.Directory {
			return directoryOf(t, slices.DeleteFunc(slices.Clone(changes), drop))
		}
	}
	answering := func(b brokenDirectory) directorySubject {
		return func(t testing.TB, changes []registry.Change) registry.Directory {
			broken := b
			broken.Directory = directoryOf(t, changes)
			return &broken
		}
	}
	tests := []struct {
		name   string
		broken directorySubject
		checks []string
	}{
		{"returns nil for what it does not know", answering(brokenDirectory{
			subscription: func(s *registry.Subscription, _ error) (*registry.Subscription, error) { return s, nil },
			credential:   func(c *registry.Credential, _ error) (*registry.Credential, error) { return c, nil },
		}), []string{"an empty directory knows nothing", "a credential is found by its sum"}},
		{"ignores the environment", answering(brokenDirectory{
			ask: func(c, a, _ string) (string, string, string) { return c, a, "test" },
		}), []string{"a subscription is found by consumer, API and environment"}},
		{"runs names together", func(t testing.TB, changes []registry.Change) registry.Directory {
			joined := slices.Clone(changes)
			for i, c := range joined {
				if c.Subscription != nil {
					s := *c.Subscription
					s.Consumer, s.API, s.Environment = s.Consumer+"/"+s.API+"/"+s.Environment, "", ""
					joined[i].Subscription = &s
				}
			}
			return &brokenDirectory{Directory: directoryOf(t, joined), ask: func(c, a, e string) (string, string, string) {
				return c + "/" + a + "/" + e, "", ""
			}}
		}, []string{"names that run together are kept apart"}},
		{"hides what is not active", answering(brokenDirectory{
			subscription: func(s *registry.Subscription, err error) (*registry.Subscription, error) {
				if s != nil && !s.Active {
					return nil, registry.ErrUnknown
				}
				return s, err
			},
		}), []string{"a subscription is there as it was set"}},
		{"forgets plans", without(func(c registry.Change) bool { return c.Plan != nil }),
			[]string{"a subscription bears its plan", "a plan that changes changes for its subscriptions"}},
		{"removes nothing", without(func(c registry.Change) bool { return c.Remove }),
			[]string{"a subscription that was removed is unknown", "a credential that was removed is unknown"}},
		{"keeps the first", func(t testing.TB, changes []registry.Change) registry.Directory {
			changes = slices.Clone(changes)
			slices.Reverse(changes)
			return directoryOf(t, changes)
		}, []string{"the last change of a subscription counts", "a plan that changes changes for its subscriptions"}},
		{"loses now and then", answering(brokenDirectory{
			subscription: func(*registry.Subscription, error) (*registry.Subscription, error) { return nil, errors.New("away") },
		}), []string{"many may ask at once"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bites(t, directoryChecks(), test.broken, test.checks...)
		})
	}
}

func sourceOf(testing.TB) (registry.Source, func(string)) {
	s := &Source{}
	return s, func(version string) { _ = s.Push(registry.Update{Snapshot: &registry.Snapshot{Version: version}}) }
}

func TestSourceLetsAGoodSourcePass(t *testing.T) {
	t.Parallel()
	TestSource(t, sourceOf)
}

// sourceFunc is a source of a channel of versions.
type sourceFunc func(ctx context.Context, versions chan string, apply func(registry.Update) error) error

func brokenSource(f sourceFunc) sourceSubject {
	return func(testing.TB) (registry.Source, func(string)) {
		versions := make(chan string, 10)
		return watchFunc(func(ctx context.Context, apply func(registry.Update) error) error {
			return f(ctx, versions, apply)
		}), func(version string) { versions <- version }
	}
}

type watchFunc func(ctx context.Context, apply func(registry.Update) error) error

func (f watchFunc) Watch(ctx context.Context, apply func(registry.Update) error) error {
	return f(ctx, apply)
}

func updateTo(version string) registry.Update {
	return registry.Update{Snapshot: &registry.Snapshot{Version: version}}
}

func TestSourceHasTeeth(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		broken sourceFunc
		checks []string
	}{
		{"delivers nothing", func(ctx context.Context, _ chan string, _ func(registry.Update) error) error {
			<-ctx.Done()
			return nil
		}, []string{"what changes is delivered"}},
		{"ends at a refusal", func(ctx context.Context, versions chan string, apply func(registry.Update) error) error {
			for {
				select {
				case <-ctx.Done():
					return nil
				case v := <-versions:
					if err := apply(updateTo(v)); err != nil {
						return err
					}
				}
			}
		}, []string{"a refusal is not the end"}},
		{"takes the end of its context for an error", func(ctx context.Context, versions chan string, apply func(registry.Update) error) error {
			for {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case v := <-versions:
					_ = apply(updateTo(v))
				}
			}
		}, []string{"when the context ends, Watch returns nil"}},
		{"does not see the end of its context", func(_ context.Context, versions chan string, apply func(registry.Update) error) error {
			for v := range versions {
				_ = apply(updateTo(v))
			}
			return nil
		}, []string{"when the context ends, Watch returns nil"}},
		{"goes on behind its back", func(ctx context.Context, versions chan string, apply func(registry.Update) error) error {
			go func() {
				for v := range versions {
					_ = apply(updateTo(v))
				}
			}()
			<-ctx.Done()
			return nil
		}, []string{"after Watch has returned, nothing is delivered"}},
		{"applies in parallel", func(ctx context.Context, versions chan string, apply func(registry.Update) error) error {
			for {
				select {
				case <-ctx.Done():
					return nil
				case v := <-versions:
					for range 5 {
						go func() { _ = apply(updateTo(v)) }()
					}
				}
			}
		}, []string{"apply is called from one goroutine at a time"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bites(t, sourceChecks(), brokenSource(test.broken), test.checks...)
		})
	}
}

// frozen says that it was in contact at one time only.
type frozen struct {
	Source
	at time.Time
}

func (f *frozen) Contact() time.Time { return f.at }

func TestSourceHasTeethForContact(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]time.Time{
		"never in contact":            {},
		"in contact before it begins": time.Now(),
		"in contact in the future":    time.Now().Add(time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bites(t, sourceChecks(), sourceSubject(func(testing.TB) (registry.Source, func(string)) {
				s := &frozen{at: at}
				return s, func(version string) { _ = s.Push(updateTo(version)) }
			}), "contact goes on where nothing changes")
		})
	}
}

// turns picks one after the other.
func turns() upstream.Balancer {
	var mu sync.Mutex
	n := 0
	return &Balancer{Choose: func(_ *pipeline.Exchange, set []*upstream.Endpoint) *upstream.Endpoint {
		mu.Lock()
		defer mu.Unlock()
		n++
		return set[n%len(set)]
	}}
}

func TestBalancerLetsAGoodBalancerPass(t *testing.T) {
	t.Parallel()
	TestBalancer(t, turns)
}

func TestBalancerHasTeeth(t *testing.T) {
	t.Parallel()
	choosing := func(f func(set []*upstream.Endpoint) *upstream.Endpoint) balancerSubject {
		return func() upstream.Balancer {
			return &Balancer{Choose: func(_ *pipeline.Exchange, set []*upstream.Endpoint) *upstream.Endpoint { return f(set) }}
		}
	}
	tests := []struct {
		name   string
		broken balancerSubject
		checks []string
	}{
		{"picks none", choosing(func([]*upstream.Endpoint) *upstream.Endpoint { return nil }),
			[]string{"what is picked is one of the endpoints", "many may pick at once"}},
		{"picks one of its own", choosing(func([]*upstream.Endpoint) *upstream.Endpoint { return &upstream.Endpoint{} }),
			[]string{"what is picked is one of the endpoints"}},
		{"remembers the first set", func() upstream.Balancer {
			var first []*upstream.Endpoint
			return &Balancer{Choose: func(_ *pipeline.Exchange, set []*upstream.Endpoint) *upstream.Endpoint {
				if first == nil {
					first = set
				}
				return first[0]
			}}
		}, []string{"the set may change from pick to pick"}},
		{"sorts the set", choosing(func(set []*upstream.Endpoint) *upstream.Endpoint {
			slices.Reverse(set)
			return set[0]
		}), []string{"the set is left as it is"}},
		{"picks the first always", choosing(func(set []*upstream.Endpoint) *upstream.Endpoint { return set[0] }),
			[]string{"many callers get more than one endpoint"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bites(t, balancerChecks(), test.broken, test.checks...)
		})
	}
}

// keyring knows one key in one field, by its sum.
type keyring struct {
	sum    [32]byte
	broken string
}

func keyringOf(broken string) func(testing.TB) authn.Authenticator {
	return func(testing.TB) authn.Authenticator {
		return &keyring{sum: sha256.Sum256([]byte("correct horse")), broken: broken}
	}
}

func (k *keyring) Authenticate(_ context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	if k.broken == "alters" {
		defer x.In.Header.Del("X-Key")
	}
	values := x.In.Header["X-Key"]
	switch {
	case len(values) == 0 && k.broken == "guest":
		return &pipeline.Identity{Subject: "guest", Scheme: "none"}, nil
	case len(values) == 0 && k.broken == "empty":
		return nil, nil
	case len(values) == 0:
		return nil, authn.ErrNoCredentials
	case sha256.Sum256([]byte(values[len(values)-1])) == k.sum && k.broken == "last",
		len(values) == 1 && sha256.Sum256([]byte(values[0])) == k.sum,
		strings.HasPrefix(values[0], "corr") && k.broken == "prefix":
		if k.broken == "nobody" {
			return &pipeline.Identity{}, nil
		}
		return &pipeline.Identity{Subject: "alice", Scheme: "key"}, nil
	case k.broken == "tells":
		return nil, fmt.Errorf("no such key: %s", values[0])
	case k.broken == "code":
		return nil, pipeline.Refuse(500, "Bad Key!", "")
	}
	return nil, pipeline.Refuse(401, "key_unknown", "")
}

func TestAuthenticatorLetsAGoodOnePass(t *testing.T) {
	t.Parallel()
	TestAuthenticator(t, keyringOf(""), Header("X-Key", "correct horse"))
}

func TestAuthenticatorHasTeeth(t *testing.T) {
	t.Parallel()
	tests := []struct {
		broken string
		checks []string
	}{
		{"guest", []string{"a request without credentials has none", "many may ask at once"}},
		{"empty", []string{"a request without credentials has none"}},
		{"nobody", []string{"good credentials prove who is calling"}},
		{"alters", []string{"the request is left whole"}},
		{"prefix", []string{"damaged credentials do not hold"}},
		{"last", []string{"damaged credentials do not hold"}},
		{"code", []string{"damaged credentials do not hold"}},
		{"tells", []string{"an error does not tell the credentials"}},
	}
	for _, test := range tests {
		t.Run(test.broken, func(t *testing.T) {
			t.Parallel()
			subject := authenticatorSubject{keyringOf(test.broken), []Option{Header("X-Key", "correct horse")}}
			bites(t, authenticatorChecks(), subject, test.checks...)
		})
	}
	blocking := func(testing.TB) authn.Authenticator {
		return authenticate(func() (*pipeline.Identity, error) { select {} })
	}
	bites(t, authenticatorChecks(), authenticatorSubject{make: blocking}, "a client that is gone does not keep it")
}

// finderOf is a keyring in two steps.
type finderOf struct {
	*keyring
	step string // that is broken
}

func (f finderOf) Find(x *pipeline.Exchange) (authn.Found, error) {
	values := x.In.Header["X-Key"]
	switch {
	case len(values) == 0:
		return authn.Found{}, authn.ErrNoCredentials
	case f.step == "alike":
		return authn.Found{Credential: "correct horse"}, nil
	case f.step == "other":
		return authn.Found{}, pipeline.Refuse(401, "key_odd", "")
	case len(values) > 1:
		return authn.Found{}, pipeline.Refuse(401, "key_unknown", "")
	}
	return authn.Found{Credential: values[0]}, nil
}

func (f finderOf) Judge(_ context.Context, _ *pipeline.Exchange, found authn.Found) (*pipeline.Identity, error) {
	if f.step == "lenient" || sha256.Sum256([]byte(found.Credential)) == f.sum {
		return &pipeline.Identity{Subject: "alice", Scheme: "key"}, nil
	}
	return nil, pipeline.Refuse(401, "key_unknown", "")
}

func TestAuthenticatorLooksAtBothStepsOfAFinder(t *testing.T) {
	t.Parallel()
	subject := func(step string) authenticatorSubject {
		return authenticatorSubject{func(t testing.TB) authn.Authenticator {
			k, _ := keyringOf("")(t).(*keyring)
			return finderOf{k, step}
		}, []Option{Header("X-Key", "correct horse")}}
	}
	bites(t, authenticatorChecks(), subject(""))
	for _, step := range []string{"alike", "other", "lenient"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			bites(t, authenticatorChecks(), subject(step), "what it finds is what it judges")
		})
	}
}

type authenticate func() (*pipeline.Identity, error)

func (f authenticate) Authenticate(context.Context, *pipeline.Exchange) (*pipeline.Identity, error) {
	return f()
}

type authorize func(x *pipeline.Exchange) (authz.Answer, error)

func (f authorize) Authorize(_ context.Context, x *pipeline.Exchange) (authz.Answer, error) {
	return f(x)
}

func needsIdentity(x *pipeline.Exchange) (authz.Answer, error) {
	if x.Identity == nil {
		return authz.Answer{Code: "identity_missing"}, nil
	}
	return authz.Answer{Allow: true}, nil
}

func TestAuthorizerLetsAGoodOnePass(t *testing.T) {
	t.Parallel()
	TestAuthorizer(t, func(testing.TB) authz.Authorizer { return authorize(needsIdentity) },
		[]Option{Identity(&pipeline.Identity{Subject: "alice"})}, nil)
}

func TestAuthorizerHasTeeth(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		broken authorize
		checks []string
	}{
		{"allows everything", func(*pipeline.Exchange) (authz.Answer, error) { return authz.Answer{Allow: true}, nil },
			[]string{"what is denied is denied, and says why", "a client that is gone does not keep it", "many may ask at once"}},
		{"allows nothing", func(*pipeline.Exchange) (authz.Answer, error) { return authz.Answer{Code: "no"}, nil },
			[]string{"what is allowed is allowed, each time", "many may ask at once"}},
		{"does not say why", func(*pipeline.Exchange) (authz.Answer, error) { return authz.Answer{}, nil },
			[]string{"what is denied is denied, and says why"}},
		{"grants while it denies", func(*pipeline.Exchange) (authz.Answer, error) {
			return authz.Answer{Code: "no", Grant: &pipeline.Grant{}}, nil
		}, []string{"what is denied is denied, and says why"}},
		{"alters the request", func(x *pipeline.Exchange) (authz.Answer, error) {
			x.In.Method = "DELETE"
			return needsIdentity(x)
		}, []string{"the request is left whole"}},
		{"blocks", func(*pipeline.Exchange) (authz.Answer, error) { select {} },
			[]string{"a client that is gone does not keep it"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			subject := authorizerSubject{
				func(testing.TB) authz.Authorizer { return test.broken },
				[]Option{Identity(&pipeline.Identity{Subject: "alice"})}, nil,
			}
			bites(t, authorizerChecks(), subject, test.checks...)
		})
	}
}

func TestSuitesNameEachCheckOnce(t *testing.T) {
	t.Parallel()
	var names []string
	for _, c := range stageChecks() {
		names = append(names, c.name)
	}
	slices.Sort(names)
	require.Equal(t, names, slices.Compact(slices.Clone(names)))
}
