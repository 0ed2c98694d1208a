//go:build !race

package standard_test

const raced = false
