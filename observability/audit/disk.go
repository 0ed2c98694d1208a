package audit

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// A disk is where trail and head lie; tests put faults into it.
type disk interface {
	// Open opens a file to read and write, and makes it where it is not there.
	Open(path string) (file, error)
	Rename(from, to string) error
	// Sync has names of a folder on the disk.
	Sync(folder string) error
	Glob(pattern string) ([]string, error)
}

// A file is one of them.
type file interface {
	io.ReaderAt
	io.WriterAt
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
	// Lock keeps other processes off, or says that one is there.
	Lock() error
	Close() error
}

type system struct{}

func (system) Open(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (system) Rename(from, to string) error          { return os.Rename(from, to) }
func (system) Glob(pattern string) ([]string, error) { return filepath.Glob(pattern) }

func (system) Sync(folder string) error {
	if runtime.GOOS == "windows" { // which has no such thing
		return nil
	}
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	err = d.Sync()
	_ = d.Close()
	return err
}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
