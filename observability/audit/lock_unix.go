//go:build unix

package audit

import (
	"errors"
	"fmt"
	"syscall"
)

// Lock implements file. The lock goes with the process, however it ends.
func (f osFile) Lock() error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("audit: %s: another process writes this trail", f.Name())
	}
	return err
}
