// Package units counts what the body of an answer is made of while it passes
// by: events, and the numbers that its JSON states. It keeps nothing of the
// body: what it needs is of the same size however long a body, an event or a
// line is, and however its bytes are cut.
package units
