// Package cors lets scripts of other origins call a route, as the Fetch
// standard has it.
//
//	cors.Policy(cors.Config{Origins: []string{"https://app.example.com"}, Headers: []string{"Authorization"}})
//
// Preflights are answered before authentication, since browsers send them
// without credentials; the fields of the answer stand on refusals too, so that
// the script can read a 401 or 429.
//
// CORS loosens what browsers forbid. It is no access control: a request of an
// origin that is not listed is served as any other, and its script cannot read
// the answer.
package cors
