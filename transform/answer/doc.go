// Package answer holds the policies of routes without an upstream: respond
// gives a fixed answer, redirect sends the client elsewhere.
//
//	answer.RespondPolicy(answer.RespondConfig{Status: 503, Body: "Back at noon."})
//	answer.RedirectPolicy(answer.RedirectConfig{To: "/v2/users/{param.id}"})
//
// They stand where other routes forward, so that who may call and how often is
// decided before.
package answer
