package authn_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/authn"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// login is an authenticator by the field X-Login, in the two steps of a Finder.
type login struct {
	good   string // the credential that holds
	judged atomic.Int64
}

var (
	errWrong  = pipeline.Refuse(http.StatusUnauthorized, "login_wrong", "")
	errBroken = pipeline.Refuse(http.StatusUnauthorized, "login_malformed", "")
)

var known = &pipeline.Identity{Subject: "alice", Scheme: "login"}

func (l *login) Authenticate(ctx context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	f, err := l.Find(x)
	if err != nil {
		return nil, err
	}
	return l.Judge(ctx, x, f)
}

func (l *login) Find(x *pipeline.Exchange) (authn.Found, error) {
	values := x.In.Header["X-Login"]
	switch {
	case len(values) == 0:
		return authn.Found{}, authn.ErrNoCredentials
	case len(values) > 1:
		return authn.Found{}, errBroken
	}
	return authn.Found{Credential: values[0]}, nil
}

func (l *login) Judge(_ context.Context, _ *pipeline.Exchange, f authn.Found) (*pipeline.Identity, error) {
	l.judged.Add(1)
	if f.Credential != l.good {
		return nil, errWrong
	}
	return known, nil
}

// from is a request of an address with a credential.
func from(address string, credential ...string) *pipeline.Exchange {
	x := &pipeline.Exchange{In: httptest.NewRequest(http.MethodGet, "/orders", nil), Client: netip.MustParseAddr(address)}
	if len(credential) > 0 {
		x.In.Header["X-Login"] = credential
	}
	return x
}

// addressOf returns one of 2^24 addresses.
func addressOf(i int) string {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String()
}

// throttle makes a Throttle of small limits.
func throttle(t testing.TB, address, credential int) *authn.Throttle {
	t.Helper()
	made, err := authn.NewThrottle(authn.ThrottleConfig{Address: address, Credential: credential})
	require.NoError(t, err)
	return made
}

// codeOf sends a request through the stage of a, and returns the code of its
// refusal.
func codeOf(t testing.TB, a authn.Authenticator, x *pipeline.Exchange) string {
	t.Helper()
	_, p := serve(t, authn.Stage(a), x)
	if p == nil {
		return ""
	}
	return p.Code
}

func TestAnAddressThatFailsTooOftenIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := &login{good: "good"}
		a := authn.Throttled(inner, throttle(t, 3, 100))
		for i := range 3 {
			require.Equal(t, "login_wrong", codeOf(t, a, from("192.0.2.1", strconv.Itoa(i))))
			time.Sleep(10 * time.Second)
		}
		x := from("192.0.2.1", "good")
		_, p := serve(t, authn.Stage(a), x)
		require.Equal(t, http.StatusTooManyRequests, p.Status)
		require.Equal(t, authn.CodeThrottled, p.Code)
		require.Equal(t, "50", p.Header.Get("Retry-After"), "a minute from the failure that reached the limit")
		require.Equal(t, pipeline.Decision{Stage: "authenticate", Rule: "address", Verdict: pipeline.Deny, Code: authn.CodeThrottled}, lastDecision(t, x))
		require.EqualValues(t, 3, inner.judged.Load(), "who is refused is not judged")

		_, wrong := serve(t, authn.Stage(a), from("192.0.2.1", "wrong"))
		require.Equal(t, p.Detail, wrong.Detail, "nothing tells a good credential from a bad one")
		require.Equal(t, p.Header, wrong.Header)
		require.Equal(t, authn.CodeThrottled, codeOf(t, a, from("192.0.2.1", "two", "credentials")))
		require.Equal(t, authn.CodeCredentialsMissing, codeOf(t, a, from("192.0.2.1")))
		require.Empty(t, codeOf(t, a, from("192.0.2.2", "good")), "another address")

		time.Sleep(50 * time.Second)
		require.Empty(t, codeOf(t, a, from("192.0.2.1", "good")), "a minute later")
		require.Equal(t, "login_wrong", codeOf(t, a, from("192.0.2.1", "0")), "failures are counted anew")
	})
}

func TestACredentialThatFailsTooOftenIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := &login{good: "good"}
		a := authn.Throttled(inner, throttle(t, 100, 3))
		for i := range 3 {
			require.Equal(t, "login_wrong", codeOf(t, a, from(addressOf(i), "stolen")))
		}
		x := from("192.0.2.1", "stolen")
		_, p := serve(t, authn.Stage(a), x)
		require.Equal(t, http.StatusTooManyRequests, p.Status)
		require.Equal(t, "60", p.Header.Get("Retry-After"))
		require.Equal(t, "credential", lastDecision(t, x).Rule)
		require.EqualValues(t, 3, inner.judged.Load(), "it is not judged")
		require.Empty(t, codeOf(t, a, from(addressOf(0), "good")), "another credential")
		time.Sleep(time.Minute)
		require.Equal(t, "login_wrong", codeOf(t, a, from("192.0.2.1", "stolen")))
	})
}

func TestFailuresAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := authn.Throttled(&login{}, throttle(t, 3, 100))
		for i := range 20 {
			require.Equal(t, "login_wrong", codeOf(t, a, from("192.0.2.1", strconv.Itoa(i))), "two in a minute are below the limit")
			time.Sleep(30 * time.Second)
		}
	})
}

func TestAGoodCallerIsNotLockedOutByItsNeighbour(t *testing.T) {
	t.Parallel()
	inner := &login{good: "good"}
	limits := throttle(t, 3, 100)
	a := authn.Throttled(inner, limits)
	require.Equal(t, "login_wrong", codeOf(t, a, from("192.0.2.1", "1")))
	require.Empty(t, codeOf(t, a, from("192.0.2.1", "good")))
	for _, credential := range []string{"2", "3"} {
		require.Equal(t, "login_wrong", codeOf(t, a, from("192.0.2.1", credential)))
	}
	require.Empty(t, codeOf(t, a, from("192.0.2.1", "good")), "it was good before the address was over its limit")
	require.Equal(t, authn.CodeThrottled, codeOf(t, a, from("192.0.2.1", "4")))
	require.Equal(t, authn.CodeThrottled, codeOf(t, authn.Throttled(&login{good: "new"}, limits), from("192.0.2.1", "new")),
		"one that nobody has seen before waits")

	inner.good = "revoked"
	require.Equal(t, "login_wrong", codeOf(t, a, from("192.0.2.1", "good")))
	require.Equal(t, authn.CodeThrottled, codeOf(t, a, from("192.0.2.1", "good")), "one that is good no longer is known no longer")
}

// TestKnownGoodCallersAreBounded: the last sixteen of an address are known.
func TestKnownGoodCallersAreBounded(t *testing.T) {
	t.Parallel()
	inner, limits := &login{}, throttle(t, 2, 100)
	a := authn.Throttled(inner, limits)
	codeOf(t, a, from("192.0.2.1", "wrong"))
	call := func(i int) string {
		inner.good = "good-" + strconv.Itoa(i)
		return codeOf(t, a, from("192.0.2.1", inner.good))
	}
	for i := range 40 {
		require.Empty(t, call(i))
	}
	codeOf(t, a, from("192.0.2.1", "wrong"))
	for i := range 40 {
		require.Equal(t, i >= 24, call(i) == "", "caller %d", i)
	}
}

func TestANetworkOfIPv6IsOneAddress(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, first, second string
		refused             bool
	}{
		{"two of one /64", "2001:db8::1", "2001:db8::ffff:1", true},
		{"two of neighbouring /64", "2001:db8::1", "2001:db8:0:1::1", false},
		{"IPv4 mapped into IPv6", "192.0.2.1", "::ffff:192.0.2.1", true},
		{"two of IPv4", "192.0.2.1", "192.0.2.2", false},
		{"two zones of one", "fe80::1%eth0", "fe80::2%eth1", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := authn.Throttled(&login{}, throttle(t, 1, 100))
			codeOf(t, a, from(tt.first, "1"))
			require.Equal(t, tt.refused, codeOf(t, a, from(tt.second, "2")) == authn.CodeThrottled)
		})
	}
}

func TestCallersWithoutAnAddressAreOne(t *testing.T) {
	t.Parallel()
	a := authn.Throttled(&login{}, throttle(t, 1, 100))
	for _, code := range []string{"login_wrong", authn.CodeThrottled} {
		x := from("192.0.2.1", code)
		x.Client = netip.Addr{}
		require.Equal(t, code, codeOf(t, a, x))
	}
}

// TestWhatIsAFailedAttempt: by how many are counted for the address.
func TestWhatIsAFailedAttempt(t *testing.T) {
	t.Parallel()
	refused := func(status int) fake { return fake{err: pipeline.Refuse(status, "some_code", "")} }
	elsewhere := fake{id: &pipeline.Identity{Subject: "alice", Environment: "test"}}
	tests := []struct {
		name   string
		by     authn.Authenticator
		counts bool
	}{
		{"credentials that do not hold", bad, true},
		{"credentials that are forbidden", refused(403), true},
		{"credentials that cannot be any", &login{}, true},
		{"credentials of another environment", elsewhere, true},
		{"credentials of two consumers", authn.All(alice, bob), true},
		{"credentials that nobody judges", authn.First(foreign, foreign), true},
		{"optional credentials that do not hold", authn.Optional(bad), true},
		{"one of several that have to hold", authn.All(alice, bad), true},
		{"the second that was asked", authn.First(none, bad), true},
		{"credentials that hold", alice, false},
		{"credentials that another takes", authn.First(foreign, alice), false},
		{"no credentials", none, false},
		{"no credentials where they are optional", authn.Optional(none), false},
		{"one of several that is missing", authn.All(alice, none), false},
		{"a request that cannot be read", refused(400), false},
		{"what could not be judged", down, false},
		{"an authenticator that is away", refused(503), false},
		{"an authenticator that panics", fake{panics: "boom"}, false},
		{"nobody and no error", fake{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := authn.Throttled(tt.by, throttle(t, 1, 100))
			request := func() *pipeline.Exchange {
				x := from("192.0.2.1", "two", "of them")
				x.Environment = "production"
				return x
			}
			before := codeOf(t, authn.Throttled(tt.by, throttle(t, 1, 100)), request())
			require.Equal(t, codeOf(t, tt.by, request()), before, "the first is answered as without")
			require.Equal(t, before, codeOf(t, a, request()))
			after := codeOf(t, a, request())
			if tt.counts {
				require.Equal(t, authn.CodeThrottled, after)
				return
			}
			require.Equal(t, before, after)
		})
	}
}

// TestTheCredentialThatFailedIsTheOneThatCounts: of several authenticators it
// is that of the one that refused.
func TestTheCredentialThatFailedIsTheOneThatCounts(t *testing.T) {
	t.Parallel()
	strange := &foreigner{login{good: "none"}}
	keys := &login{good: "good"}
	tests := []struct {
		name string
		by   authn.Authenticator
		want string
	}{
		{"alone", keys, authn.CodeThrottled},
		{"of any", authn.First(none, keys), authn.CodeThrottled},
		{"of all", authn.All(alice, keys), authn.CodeThrottled},
		{"of any of any", authn.Optional(authn.First(authn.First(none, keys), bad)), authn.CodeThrottled},
		{"nobody's, and there is one who could judge it", strange, authn.CodeThrottled},
		{"nobody's, and there are several", authn.First(strange, strange), "login_foreign"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := authn.Throttled(tt.by, throttle(t, 100, 2))
			for i := range 2 {
				require.NotEqual(t, authn.CodeThrottled, codeOf(t, a, from(addressOf(i), "wrong")))
			}
			require.Equal(t, tt.want, codeOf(t, a, from("192.0.2.1", "wrong")))
			require.NotEqual(t, authn.CodeThrottled, codeOf(t, a, from("192.0.2.1", "another")))
		})
	}
}

// foreigner leaves what it does not know to others.
type foreigner struct{ login }

func (f *foreigner) Judge(ctx context.Context, x *pipeline.Exchange, found authn.Found) (*pipeline.Identity, error) {
	if id, err := f.login.Judge(ctx, x, found); err == nil {
		return id, nil
	}
	return nil, pipeline.Refuse(http.StatusUnauthorized, "login_foreign", "").Because(authn.ErrForeign)
}

func TestOneThatCannotTellItsCredentialsIsNotAskedWhileTheAddressIsOver(t *testing.T) {
	t.Parallel()
	asked := 0
	blind := authenticatorFunc(func(context.Context, *pipeline.Exchange) (*pipeline.Identity, error) {
		asked++
		return nil, errWrong
	})
	a := authn.Throttled(blind, throttle(t, 2, 1))
	codes := []string{codeOf(t, a, from("192.0.2.1")), codeOf(t, a, from("192.0.2.1")), codeOf(t, a, from("192.0.2.1"))}
	require.Equal(t, []string{"login_wrong", "login_wrong", authn.CodeThrottled}, codes)
	require.Equal(t, 2, asked)
}

type authenticatorFunc func(context.Context, *pipeline.Exchange) (*pipeline.Identity, error)

func (f authenticatorFunc) Authenticate(ctx context.Context, x *pipeline.Exchange) (*pipeline.Identity, error) {
	return f(ctx, x)
}

func TestThrottledKeepsWhatItsAuthenticatorCan(t *testing.T) {
	t.Parallel()
	keys := carried{fake{challenges: []string{"ApiKey"}}}
	a := authn.Throttled(keys, nil)
	require.Implements(t, (*authn.Carrier)(nil), a)
	require.Equal(t, []string{"ApiKey"}, a.(authn.Challenger).Challenges())
	_, isCarrier := authn.Throttled(bad, nil).(authn.Carrier)
	require.False(t, isCarrier)
}

type carried struct{ fake }

func (carried) Places() []string                 { return []string{"X-Key"} }
func (carried) Strip(*pipeline.Exchange, string) {}

// TestAttemptsAtOnce: beyond the limit no more are judged than are under way
// when it is reached, and those who are good pass throughout.
func TestAttemptsAtOnce(t *testing.T) {
	t.Parallel()
	const callers, each, limit = 8, 500, 100
	inner := &login{good: "good"}
	a := authn.Throttled(inner, throttle(t, limit, 1_000_000))
	codeOf(t, a, from("192.0.2.1", "wrong"))
	require.Empty(t, codeOf(t, a, from("192.0.2.1", "good")))
	var wrong, good atomic.Int64
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for i := range each {
				if _, err := a.Authenticate(t.Context(), from("192.0.2.1", strconv.Itoa(caller*each+i))); pipeline.Code(err) == "login_wrong" {
					wrong.Add(1)
				}
				if _, err := a.Authenticate(t.Context(), from("192.0.2.1", "good")); err == nil {
					good.Add(1)
				}
				_, _ = a.Authenticate(t.Context(), from(addressOf(i), "wrong"))
			}
		})
	}
	group.Wait()
	require.GreaterOrEqual(t, wrong.Load(), int64(limit-1))
	require.LessOrEqual(t, wrong.Load(), int64(limit-1+callers))
	require.EqualValues(t, callers*each, good.Load())
}

func TestThrottleSettings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		config authn.ThrottleConfig
		fields []string
	}{
		{"none are the defaults", authn.ThrottleConfig{}, nil},
		{"the least", authn.ThrottleConfig{Address: 1, Credential: 1, Per: second}, nil},
		{"the most", authn.ThrottleConfig{Address: 1e6, Credential: 1e6, Per: 24 * 3600 * second}, nil},
		{"negative and too many", authn.ThrottleConfig{Address: -1, Credential: 1e6 + 1}, []string{"/address", "/credential"}},
		{"too short", authn.ThrottleConfig{Per: second - 1}, []string{"/per"}},
		{"too long", authn.ThrottleConfig{Per: 24*3600*second + 1}, []string{"/per"}},
		{"limits that are disabled", authn.ThrottleConfig{Address: 5, Disabled: true}, []string{"/disabled"}},
		{"a Throttle that is disabled", authn.ThrottleConfig{Disabled: true}, []string{"/disabled"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			made, err := authn.NewThrottle(tt.config)
			require.Equal(t, tt.fields == nil, err == nil)
			require.Equal(t, tt.fields == nil, made != nil)
			require.Equal(t, tt.fields, fieldsOf(err))
		})
	}
}

const second = registry.Duration(time.Second)

func fieldsOf(err error) []string {
	var fields []string
	for _, f := range registry.AsFaults(err) {
		fields = append(fields, f.Field)
	}
	slices.Sort(fields)
	return fields
}

func TestFoundTellsNoSecret(t *testing.T) {
	t.Parallel()
	found := authn.Found{Credential: "hunter2"}
	text, err := json.Marshal(found)
	require.NoError(t, err)
	for _, said := range []string{string(text), fmt.Sprint(found), fmt.Sprintf("%v %+v %#v %s", found, found, found, found)} {
		require.NotContains(t, said, "hunter2")
	}
}
