// Package environment authorizes credentials of the gateway's own environment
// alone: those of production never pass in test, nor the reverse.
//
//	policies = append(policies, environment.Policy(environment.Config{}))
//
// A credential that names another environment is refused by authenticate
// already; this policy also refuses those that name none.
package environment
