package authn

// A Reason is a cause of a Problem that goes into the decision in place of the
// Problem's code: what those who run the gateway may know, and callers may
// not. That a key has expired tells whoever holds it that it was good once.
type Reason string

// Error returns the reason.
func (r Reason) Error() string { return string(r) }
