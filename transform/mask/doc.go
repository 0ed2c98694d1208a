// Package mask hides fields of JSON answers from callers who may not see them,
// while the answers stream.
//
//	mask.Policy(mask.Config{Fields: []string{"ssn"}, UnlessScope: "pii.read"})
//
// Every answer of a masked route is read as JSON by the letter of RFC 8259, in
// constant memory. What cannot be read so is withheld, or cut off where it has
// begun: another parser might find in it what this one did not see.
package mask
