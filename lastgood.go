package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// ErrLastGood says that the last good configuration on disk is not to be
// believed: it was damaged, others may have written it, or it is not signed with
// one of the keys.
var ErrLastGood = errors.New("gateway: last good configuration is damaged")

// lastGood is where the last good configuration is kept, and under which keys.
type lastGood struct {
	path string
	keys keyring
}

// A LastGoodOption is one setting of LastGood.
type LastGoodOption func(*lastGood) error

// LastGood keeps the last good configuration in a file of mode 0600, from
// which Run starts when the source is away. A checksum shows damage; SignedBy
// shows that nobody else wrote it.
func LastGood(path string, options ...LastGoodOption) Option {
	return once("LastGood", func(s *settings) error {
		s.lastGood.path = path
		var errs []error
		for _, o := range options {
			errs = append(errs, o(&s.lastGood))
		}
		return errors.Join(errs...)
	})
}

// minSignKey is how long a key must be that signs, in bytes.
const minSignKey = 16

// SignedBy has the file signed with HMAC-SHA-256 under the first of the keys,
// and believed only where one of them has signed it: to change the key, put the
// new one in front, and take the old one away once the file was written. A key
// has 16 bytes or more, and is read once, when the gateway is made.
//
// The signature covers when the source was heard last, so that WhenStale is not
// deceived by a file that was touched. It does not keep an older file that was
// signed from being put in the place of a newer one; WhenStale bounds that.
func SignedBy(keys ...registry.Secret) LastGoodOption {
	return func(l *lastGood) error {
		if len(keys) == 0 {
			return errors.New("gateway: SignedBy wants a key")
		}
		for i, k := range keys {
			key, err := new(pipeline.Env).Secret(k)
			if err == nil && len(key) < minSignKey {
				err = fmt.Errorf("it has %d bytes; want %d at the least", len(key), minSignKey)
			}
			if err != nil {
				return fmt.Errorf("gateway: key %d of SignedBy: %w", i+1, err)
			}
			l.keys = append(l.keys, key)
		}
		return nil
	}
}

// good is what the file holds. It knows references to secrets and keyed hashes
// of keys, never a secret.
type good struct {
	Snapshot  *registry.Snapshot `json:"snapshot"`
	Directory *registry.Feed     `json:"directory,omitempty"`

	taken time.Time // when the snapshot came from its source
	heard time.Time // when the source was heard last
}

// envelope holds the content with its SHA-256, and what is signed beside it.
type envelope struct {
	Format    string          `json:"format"`
	Taken     string          `json:"taken"`
	Heard     string          `json:"heard"`
	Sum       string          `json:"sha256"`
	Signature string          `json:"hmac_sha256,omitempty"`
	Content   json.RawMessage `json:"content"`
}

const goodFormat = "gateway-last-good/2"

// keyring holds the keys that the file may be signed with: the first signs, all
// verify. Empty, nothing is signed and the checksum alone is asked for.
type keyring [][]byte

// sign returns the signature of everything in the envelope by one key.
func (e *envelope) sign(key []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s\n%s\n%s\n%s\n", e.Format, e.Taken, e.Heard, e.Sum)
	return hex.EncodeToString(mac.Sum(nil))
}

// verify reports whether one of the keys has signed the envelope. It takes as
// long for a wrong signature as for a right one, and asks every key.
func (k keyring) verify(e *envelope) bool {
	found := false
	for _, key := range k {
		if hmac.Equal([]byte(e.sign(key)), []byte(e.Signature)) {
			found = true
		}
	}
	return found
}

// writeGood writes the file anew beside the old one, to disk, and renames it.
func writeGood(path string, keys keyring, g good) error {
	content, err := json.Marshal(g)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	e := envelope{
		Format: goodFormat, Taken: g.taken.UTC().Format(time.RFC3339Nano), Heard: g.heard.UTC().Format(time.RFC3339Nano),
		Sum: hex.EncodeToString(sum[:]), Content: content,
	}
	if len(keys) > 0 {
		e.Signature = e.sign(keys[0])
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return replaceFile(path, raw)
}

func replaceFile(path string, raw []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".last-good-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// readGood reads the file, if nobody else can have written it: its mode, its
// sum and, where there are keys, its signature hold.
func readGood(path string, keys keyring) (good, error) {
	info, err := os.Stat(path)
	if err != nil {
		return good{}, err
	}
	if !info.Mode().IsRegular() {
		return good{}, fmt.Errorf("%w: %s is no regular file", ErrLastGood, path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return good{}, fmt.Errorf("%w: %s has mode %#o, want 0600", ErrLastGood, path, info.Mode().Perm())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return good{}, err
	}
	g, err := openGood(raw, keys)
	if err != nil {
		return good{}, fmt.Errorf("%w: %s: %w", ErrLastGood, path, err)
	}
	return g, nil
}

// openGood reads no byte of the content before sum and signature hold.
func openGood(raw []byte, keys keyring) (good, error) {
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return good{}, err
	}
	switch sum := sha256.Sum256(e.Content); {
	case e.Format != goodFormat:
		return good{}, fmt.Errorf("want the format %q", goodFormat)
	case e.Sum != hex.EncodeToString(sum[:]):
		return good{}, errors.New("the checksum does not hold")
	case len(keys) > 0 && e.Signature == "":
		return good{}, errors.New("it is not signed")
	case len(keys) > 0 && !keys.verify(&e):
		return good{}, errors.New("none of the keys has signed it")
	}
	var g good
	err := json.Unmarshal(e.Content, &g)
	if err != nil {
		return good{}, err
	}
	if g.Snapshot == nil {
		return good{}, errors.New("it holds no configuration")
	}
	var takenErr, heardErr error
	g.taken, takenErr = time.Parse(time.RFC3339Nano, e.Taken)
	g.heard, heardErr = time.Parse(time.RFC3339Nano, e.Heard)
	return g, errors.Join(takenErr, heardErr)
}

// update returns what the file says as an update.
func (g good) update() registry.Update {
	u := registry.Update{Snapshot: g.Snapshot}
	if g.Directory != nil {
		u.Directory = g.Directory.Changes
	}
	return u
}

// dump returns what serves now, for the file.
func (g *Gateway) dump() (good, bool) {
	t := g.table.Load()
	if t == nil {
		return good{}, false
	}
	out := good{Snapshot: t.snapshot, taken: t.taken, heard: g.fresh.heard()}
	if out.heard.Before(out.taken) { // or the source cannot tell
		out.heard = out.taken
	}
	if d, ok := g.directory.(interface{ All() []registry.Change }); ok {
		out.Directory = &registry.Feed{Cursor: "last-good", Changes: d.All()}
	}
	return out, true
}
