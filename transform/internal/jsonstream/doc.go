// Package jsonstream edits JSON while it streams: it replaces, removes or keeps
// what stands at given paths, in memory that does not grow with the document.
//
//	p, err := jsonstream.Remove(pool, paths)
//	r := p.Over(body, jsonstream.One, nil)
//
// It is a validator first. What is not JSON by the letter of RFC 8259 ends in a
// [Fault], since another parser might find in it what this one did not see:
// comments, single quotes, NaN, a byte order mark, anything behind the
// document, invalid UTF-8, nesting beyond [MaxDepth]. A name is compared after
// its escapes were undone, and every one of several equal members is treated.
package jsonstream
