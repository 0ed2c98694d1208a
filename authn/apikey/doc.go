// Package apikey authenticates callers by API keys.
//
// The gateway never stores a key. It computes HMAC-SHA-256 of it under a
// secret of the gateway's own and asks the Directory for that [Sum], so that
// an unknown key and a wrong one are one case, and who reads the registry
// learns no key. [Hash] writes the sum as documents do, and [NewKey] makes a
// key worth hashing:
//
//	key, err := apikey.NewKey(nil)           // give this to the consumer, once
//	hash := apikey.Hash(secret, []byte(key)) // store this
//
// A key is looked for only where the settings say: a field, a cookie, a
// parameter of the query or a scheme of Authorization. More than one in a
// request is refused, as is anything that cannot be a key, before anybody is
// asked. The key does not go on to the backend unless the settings say so.
package apikey
