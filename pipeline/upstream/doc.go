// Package upstream delivers exchanges to backends.
package upstream
