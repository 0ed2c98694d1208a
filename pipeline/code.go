package pipeline

import "errors"

// Code returns the stable code of what ended an exchange: a Problem's own, one
// for each kind of UpstreamError, "internal" for any other error, and nothing
// for nil.
func Code(err error) string {
	var p *Problem
	var u *UpstreamError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &p):
		return p.Code
	case errors.As(err, &u):
		return u.Code()
	}
	return CodeInternal
}

// Code returns the code of the refusal that the error becomes at the edge.
func (e *UpstreamError) Code() string {
	switch e.Status() {
	case 503:
		return CodeUpstreamNotReady
	case 504:
		return CodeUpstreamTimeout
	}
	return CodeUpstreamFailed
}
