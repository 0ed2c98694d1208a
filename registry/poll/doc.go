// Package poll is a registry.Source that asks a registry over HTTP, again and
// again: for a document, by its ETag, and for the changes of the directory, by
// a cursor.
//
//	source, err := poll.New("https://registry.example/gateways/eu", poll.Token(token))
//
// Two resources lie below the address:
//
//	GET document                a registry.Document as JSON, with an ETag
//	GET directory?cursor=CURSOR a registry.Feed: what changed since the cursor
//
// A document that has not changed is a 304, and so is a directory. Without a
// cursor, or with one that is too old (410), the feed begins anew and says
// reset: what it does not name is gone.
//
// What the registry does wrong changes nothing: an answer that is late, cut
// off, too long, of another type, or that does not hold as a configuration is
// reported, once, and what was served goes on being served. An empty document
// and a feed that would remove every subscription are held for such faults.
//
// A Source tells when it last heard the registry (registry.Contacted): a 304
// counts, and so does a whole answer that is refused; one that is late, cut off
// or an error of the server does not. It heard the registry when it heard both
// resources.
package poll
