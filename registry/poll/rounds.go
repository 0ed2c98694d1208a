package poll

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/seed-f9645bd3/gateway/registry"
)

var (
	errEmpty    = errors.New("document: it holds no route")
	errSchema   = errors.New("document: want schema: gateway/v1")
	errRemoves  = errors.New("directory: it would remove every subscription")
	errPages    = errors.New("directory: too many pages")
	errNotMoved = errors.New("directory: another page at the same cursor")
)

// maxPages bounds the pages of one round.
const maxPages = 1000

// rounds is one run of Watch.
type rounds struct {
	*Source
	apply func(registry.Update) error
	begun bool // the first update was applied

	etag   string // of the document in force
	bad    string // of one that was refused, and why
	why    error
	broken bool // what came last as a document was no JSON
	cursor string
	held   held
}

// round asks for both resources and applies what is new.
func (r *rounds) round(ctx context.Context) {
	if !r.begun {
		r.note(ctx, r.first(ctx))
		return
	}
	r.note(ctx, errors.Join(r.changes(ctx), r.newDocument(ctx)))
}

// first brings document and directory as one update.
func (r *rounds) first(ctx context.Context) error {
	doc := document{}
	var err error
	if r.document != "" {
		if doc, err = r.fetchDocument(ctx, ""); err != nil {
			return err
		}
	}
	u := registry.Update{Snapshot: doc.snapshot, Directory: doc.directory}
	next, page := r.held, feed{}
	if r.directory != "" {
		if page, err = r.fetchFeed(ctx, ""); err != nil {
			return err
		}
		u.Directory, next = page.from(newHeld())
	}
	if err := r.apply(u); err != nil {
		return err
	}
	r.begun, r.etag, r.cursor, r.held = true, doc.etag, page.cursor, next
	return nil
}

// newDocument applies the document where it is another than the one in force.
func (r *rounds) newDocument(ctx context.Context) error {
	if r.document == "" {
		return nil
	}
	tag := r.etag
	if r.bad != "" {
		tag = r.bad
	}
	doc, err := r.fetchDocument(ctx, tag)
	switch {
	case errors.Is(err, errUnchanged) && r.bad != "":
		return r.why // still the one that was refused
	case errors.Is(err, errUnchanged):
		return nil
	case err == nil && r.directory != "":
		doc.directory = nil
	}
	if err == nil {
		err = r.apply(registry.Update{Snapshot: doc.snapshot, Directory: doc.directory})
	}
	if err != nil {
		r.bad, r.why = doc.etag, err
		return err
	}
	r.etag, r.bad, r.why = doc.etag, "", nil
	return nil
}

// changes applies what changed in the directory. The cursor moves only with
// what was applied.
func (r *rounds) changes(ctx context.Context) error {
	if r.directory == "" {
		return nil
	}
	page, err := r.fetchFeed(ctx, r.cursor)
	if errors.Is(err, errExpired) {
		page, err = r.fetchFeed(ctx, "")
	}
	if errors.Is(err, errUnchanged) {
		return nil
	}
	if err != nil {
		return err
	}
	changes, next := page.from(r.held)
	if len(r.held.subscriptions) > 0 && len(next.subscriptions) == 0 {
		return errRemoves
	}
	if len(changes) > 0 {
		if err := r.apply(registry.Update{Directory: changes}); err != nil {
			return fmt.Errorf("directory: %w", err)
		}
	}
	r.cursor, r.held = page.cursor, next
	return nil
}

// A document is what the registry serves, read.
type document struct {
	etag      string
	snapshot  *registry.Snapshot
	directory []registry.Change
}

// fetchDocument returns the document with its ETag, which is set too where the
// document does not hold.
func (r *rounds) fetchDocument(ctx context.Context, etag string) (document, error) {
	body, tag, err := r.fetch(ctx, r.document, etag)
	switch {
	case err == nil:
		r.broken = !json.Valid(body)
	case errors.Is(err, errUnchanged):
		r.broken = r.broken && r.bad != "" // still the one that is
	}
	if !r.broken && (err == nil || errors.Is(err, errUnchanged)) {
		r.heard.document.now()
	}
	if err != nil {
		return document{}, about("document", err)
	}
	d := document{etag: tag}
	decoded, err := registry.DecodeDocument(body, r.document, 0)
	switch {
	case err != nil:
		return d, err
	case decoded.Schema != registry.Schema:
		return d, errSchema
	}
	d.snapshot, d.directory, err = decoded.Expand()
	if err == nil && len(d.snapshot.Routes) == 0 {
		err = errEmpty
	}
	return d, err
}

// A feed is what came in one round: all pages as one.
type feed struct {
	cursor  string
	reset   bool
	changes []registry.Change
}

func (r *rounds) fetchFeed(ctx context.Context, cursor string) (feed, error) {
	all := feed{cursor: cursor, reset: cursor == ""}
	for range maxPages {
		page, err := r.fetchPage(ctx, all.cursor)
		if errors.Is(err, errUnchanged) || err == nil && !page.More {
			r.heard.directory.now()
		}
		if err != nil {
			return feed{}, about("directory", err)
		}
		if page.Reset {
			all.reset = true
			if cursor != "" && all.cursor == cursor {
				all.changes = nil
			}
		}
		all.changes = append(all.changes, page.Changes...)
		if page.More && page.Cursor == all.cursor {
			return feed{}, errNotMoved
		}
		all.cursor = page.Cursor
		if !page.More {
			return all, nil
		}
	}
	return feed{}, errPages
}

func (r *rounds) fetchPage(ctx context.Context, cursor string) (registry.Feed, error) {
	address := r.directory
	if cursor != "" {
		address += "?cursor=" + url.QueryEscape(cursor)
	}
	body, _, err := r.fetch(ctx, address, "")
	if err != nil {
		return registry.Feed{}, err
	}
	return registry.DecodeFeed(body)
}

// about says which resource an error is about; those that steer a round stay
// what they are.
func about(what string, err error) error {
	if errors.Is(err, errUnchanged) || errors.Is(err, errExpired) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}
