package file

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/seed-f9645bd3/gateway/registry"
)

// maxSize bounds the bytes of one file, and of what its aliases expand to.
const maxSize = 64 << 20

// Load reads the files once and returns all that they say: the snapshot, and
// the changes that fill an empty Directory. A path that is a directory stands
// for the *.yaml, *.yml and *.json files in it, in the order of their names.
// What is wrong is returned all at once, as registry.Faults with file, line
// and column. Whether upstreams are missing is for registry.Validate to say.
func Load(paths ...string) (registry.Update, error) {
	texts, err := readAll(paths)
	if err != nil {
		return registry.Update{}, err
	}
	return expand(texts)
}

// A text is the content of one file.
type text struct {
	path string
	data []byte
}

func (t text) isJSON() bool { return strings.EqualFold(filepath.Ext(t.path), ".json") }

func readAll(paths []string) ([]text, error) {
	if len(paths) == 0 {
		return nil, errors.New("no configuration file is named")
	}
	files, err := list(paths)
	if err != nil {
		return nil, err
	}
	var texts []text
	for _, path := range files {
		data, err := read(path)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text{path, data})
	}
	return texts, nil
}

// list returns the files that the paths stand for.
func list(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, fmt.Errorf("read configuration: %w", err)
		case info.IsDir():
			within, err := listDir(path)
			if err != nil {
				return nil, err
			}
			files = append(files, within...)
		default:
			files = append(files, path)
		}
	}
	return files, nil
}

func listDir(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	var files []string
	for _, e := range entries {
		if isConfiguration(e.Name()) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("read configuration: no *.yaml, *.yml or *.json file in %s", dir)
	}
	return files, nil
}

// isConfiguration reports whether a file of a directory counts. Hidden ones,
// where editors keep what is not saved, do not.
func isConfiguration(name string) bool {
	ext := strings.ToLower(filepath.Ext(name))
	return !strings.HasPrefix(name, ".") && slices.Contains([]string{".yaml", ".yml", ".json"}, ext)
}

func read(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe without a writer would wait for one
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if len(data) > maxSize {
		return nil, fmt.Errorf("read configuration: %s is larger than %d MiB", path, maxSize>>20)
	}
	return data, nil
}

// expand makes an update of the files.
func expand(texts []text) (registry.Update, error) {
	l := &locator{texts: texts}
	doc, err := decodeAll(l)
	if err != nil {
		return registry.Update{}, l.placed(err)
	}
	snapshot, changes, err := doc.Expand()
	if err != nil {
		return registry.Update{}, l.placed(err)
	}
	snapshot.Locate = l.locate
	return registry.Update{Snapshot: snapshot, Directory: changes}, nil
}

// decodeAll decodes and merges all documents, or returns the faults of all.
func decodeAll(l *locator) (*registry.Document, error) {
	var docs []*registry.Document
	var faults registry.Faults
	for _, t := range l.texts {
		got, err := decodeText(t, l)
		docs, faults = append(docs, got...), append(faults, registry.AsFaults(err)...)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return registry.MergeDocuments(docs...)
}

// decodeText decodes the documents of one file. One that says nothing is
// refused: it is most likely being written.
func decodeText(t text, l *locator) ([]*registry.Document, error) {
	raws, faults := documents(t, l)
	var docs []*registry.Document
	for i, raw := range raws {
		if raw == nil {
			continue
		}
		doc, err := registry.DecodeDocument(raw, t.path, i)
		docs = append(docs, doc)
		faults = append(faults, placeSyntax(t, registry.AsFaults(err))...)
	}
	if len(docs) == 0 && len(faults) == 0 {
		faults = append(faults, at(t.path, 1, 1, errors.New("the file holds no document")))
	}
	return docs, faults.Err()
}

// documents returns each document of a file as JSON, nil for empty ones.
func documents(t text, l *locator) ([][]byte, registry.Faults) {
	if t.isJSON() {
		if len(strings.TrimSpace(string(t.data))) == 0 {
			return nil, nil
		}
		return [][]byte{t.data}, nil
	}
	parsed, faults := l.parsed(t)
	var raws [][]byte
	for i, doc := range parsed {
		raw, fs := convert(t.path, i, doc.root)
		raws, faults = append(raws, raw), append(faults, fs...)
	}
	return raws, faults
}

// at returns a fault of a file as such.
func at(path string, line, column int, err error) *registry.Fault {
	return &registry.Fault{Pos: registry.Pos{File: path, Line: line, Column: column}, Err: err}
}
