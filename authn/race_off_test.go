//go:build !race

package authn_test

const raced = false
