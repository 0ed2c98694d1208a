package authn

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A Throttle counts the attempts that fail, by the address they come from and
// by the credential they are made with, and says who has failed too often. What
// it was given in common by several authenticators they count together.
//
// It holds no address and no credential, but hashes of them under a key of its
// own, which is drawn at random and never leaves it. Its memory is bounded:
// 65,536 records by address and as many by credential take about 5 MiB, made as
// they are needed, and the credentials that are good beside an address that fails
// 144 bytes more for each of these. No goroutine runs beside it.
type Throttle struct {
	start       time.Time
	seed        maphash.Seed
	addresses   table
	credentials table
}

// NewThrottle makes a Throttle. One that is disabled is an error: leave
// Throttled out.
func NewThrottle(c ThrottleConfig) (*Throttle, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Disabled {
		var faults registry.Faults
		faults.Add("/disabled", "a Throttle that is disabled is left out")
		return nil, faults.Err()
	}
	return newThrottle(c.filled()), nil
}

func newThrottle(c ThrottleConfig) *Throttle {
	per := int64(c.Per)
	return &Throttle{
		start: time.Now(), seed: maphash.MakeSeed(),
		addresses:   table{limit: c.Address, per: per},
		credentials: table{limit: c.Credential, per: per},
	}
}

func (t *Throttle) now() int64 { return int64(time.Since(t.start)) }

// addressKey returns the key of what one caller can hold many of: an address of
// IPv4, or the first 64 bits of one of IPv6. Callers without an address are one.
func (t *Throttle) addressKey(client netip.Addr) uint64 {
	b := client.As16()
	if client.Is6() && !client.Is4In6() {
		clear(b[8:])
	}
	return some(maphash.Bytes(t.seed, b[:]))
}

// credentialKey returns the key of a credential in the eyes of those whose scope
// it is: what fails before some is not held against it before others.
func (t *Throttle) credentialKey(scope uint64, credential string) uint64 {
	return some(scope ^ maphash.String(t.seed, credential))
}

func (t *Throttle) scopeKey(scope string) uint64 { return maphash.String(t.seed, scope) }

// some returns a key that is not 0, which stands for none.
func some(key uint64) uint64 { return max(key, 1) }

// admit returns the refusal of an attempt, nil where it may be made, and whether
// failures of its address are on record. credential is 0 where it could not be
// told. Where nothing is on record, it takes no lock and looks at no clock.
func (t *Throttle) admit(address, credential uint64) (recorded bool, refused error) {
	recorded = t.addresses.has(address)
	if recorded || credential != 0 && t.credentials.has(credential) {
		refused = t.judge(address, credential)
	}
	return recorded, refused
}

// judge returns the refusal of who is over a limit.
func (t *Throttle) judge(address, credential uint64) error {
	now := t.now()
	if left, known := t.addresses.blocked(address, credential, now); left > 0 && !known {
		return refusal(byAddress, left)
	}
	if credential == 0 {
		return nil
	}
	if left, _ := t.credentials.blocked(credential, 0, now); left > 0 {
		return refusal(byCredential, left)
	}
	return nil
}

// passed says that a credential was good, beside failures of its address.
func (t *Throttle) passed(address, credential uint64) {
	t.addresses.passed(address, credential, t.now())
}

// failed says that an attempt has failed.
func (t *Throttle) failed(address, credential uint64) {
	now := t.now()
	t.addresses.failed(address, credential, now)
	if credential != 0 {
		t.credentials.failed(credential, 0, now)
	}
}

// A limitRule names the limit that refuses: for the decision, not for callers,
// who are told the same of both.
type limitRule string

const (
	byAddress    limitRule = "address"
	byCredential limitRule = "credential"
)

// Error returns the rule.
func (r limitRule) Error() string { return "too many failed attempts by " + string(r) }

func refusal(rule limitRule, left int64) *pipeline.Problem {
	wait := strconv.FormatInt((left+int64(time.Second)-1)/int64(time.Second), 10)
	return pipeline.Refuse(http.StatusTooManyRequests, CodeThrottled, "Too many attempts have failed; try again in "+wait+" s.").
		With("Retry-After", wait).Because(rule)
}
