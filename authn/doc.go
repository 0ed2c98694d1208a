// Package authn is documented with its first stage.
package authn
