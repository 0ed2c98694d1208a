// Package ratelimit is documented with its first stage.
package ratelimit
