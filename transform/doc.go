// Package transform is documented with its first stage.
package transform
