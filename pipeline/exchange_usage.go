package pipeline

// A Usage is what an exchange came to in units that its answer is counted in,
// and not in requests: bytes, events, tokens.
type Usage struct {
	Policy    string // the name of the policy that counted
	Unit      string // bytes, events, tokens
	N         int64
	Estimated bool // the answer did not say how many, or not to its end

	next *Usage
}

// Next returns another Usage of the same exchange, nil after the last.
func (u *Usage) Next() *Usage { return u.next }

// Use records what the exchange came to, for recorders to tell. An Ender calls
// it, once for each policy; u belongs to the exchange from then on.
func (x *Exchange) Use(u *Usage) {
	u.next = x.usage
	x.usage = u
}

// Usage returns what the exchange came to, nil where nobody counted:
//
//	for u := x.Usage(); u != nil; u = u.Next() { ... }
func (x *Exchange) Usage() *Usage { return x.usage }
