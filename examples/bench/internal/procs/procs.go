// Package procs looks at processes from outside: their CPU clocks, their
// descendants, their system calls.
package procs

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// CPU returns what processes have used up to now, user and system.
func CPU(pids []int) (time.Duration, error) {
	var sum time.Duration
	for _, pid := range pids {
		d, err := clock(pid)
		if err != nil {
			return 0, err
		}
		sum += d
	}
	return sum, nil
}

// Tree returns a process and all its descendants, such as the workers that a
// server has started.
func Tree(pid int) []int {
	all := []int{pid}
	tasks, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for _, field := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, Tree(child)...)
			}
		}
	}
	return all
}
