// Package correlation gives every exchange an id that tells it apart in the
// logs of all who served it: the caller's where it sent a usable one, a new
// UUIDv7 otherwise.
//
//	correlation.Policy(correlation.Config{}) // X-Request-Id, taken from callers, told in answers
//
// The id is in the ID of the Exchange for all that follows, reaches the backend
// in the field, and stands on whatever is answered, refusals included.
package correlation
