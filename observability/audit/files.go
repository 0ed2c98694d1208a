package audit

import (
	"errors"
	"io/fs"
	"os"
)

// Files holds the trail at path, with the files that were rotated away and the
// head beside it, to what c asks; Head of c is read from there where it is nil.
func (c Check) Files(path string) (*Report, error) {
	names, err := rotated(system{}, path)
	if err != nil {
		return nil, err
	}
	if c.Head == nil {
		c.Head, err = os.ReadFile(path + ".head")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	var parts []Part
	for _, name := range append(names, path) {
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) && len(names) > 0 { // it went down between two files
			continue
		}
		if err != nil {
			return nil, err
		}
		defer f.Close()
		parts = append(parts, Part{Name: name, Text: f})
	}
	return c.Verify(parts...)
}
