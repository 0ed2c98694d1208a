// Package audit keeps a trail of what is relevant to security, so that nobody
// can alter it unseen: who was denied what and by which rule, and what became of
// each configuration.
//
//	trail, err := audit.New("/var/log/gateway/audit.jsonl", registry.Secret{File: "/run/secrets/audit"})
//	g, err := gateway.New(gateway.Recorders(trail), ...)
//
// A record is one line of JSON with a number, the SHA-256 of the record before
// it and an HMAC of itself. A second small file, the head, says under the same
// key how far the trail goes. [Check] finds a byte that was altered, a record
// that was moved, left out or added, a tail that was cut off and a trail that
// was written anew, and says where.
//
// Records go through the bounded queue of package observability to the one
// goroutine that numbers and writes them. What finds no room is counted, and the
// count is a record of its own; or, with [Block], is waited for. With [Durable]
// an exchange ends only when its record and the head are on the disk, many of
// them by one fsync.
package audit
