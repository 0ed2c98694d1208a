// Package fields passes on those fields of JSON answers that the caller may see,
// and nothing else, while the answers stream.
//
//	fields.Policy(fields.Config{By: "grant"})
//
// It is an allow-list: what nobody thought of is not passed on. A caller whose
// grant names no field gets an empty object. Answers are read as package mask
// reads them, and withheld or cut off likewise.
package fields
