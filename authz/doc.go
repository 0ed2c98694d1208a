// Package authz is documented with its first stage.
package authz
