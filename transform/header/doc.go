// Package header sets, adds, removes and renames header fields of requests and
// responses, with what the gateway knows of the exchange as values: who calls,
// under which subscription, on which route.
//
//	header.Policy(header.Config{
//		Request:  header.Edits{Set: map[string]string{"X-Consumer": "{identity.consumer}"}},
//		Response: header.Edits{Remove: []string{"X-Debug"}},
//	})
//
// A value in which a variable is empty is empty as a whole, and an empty value
// removes the field: a backend never sees a half-said identity, nor the one
// that a caller claimed in a field that the gateway sets.
package header
