// Package rbac authorizes by the roles of the caller's credential.
//
//	policies = append(policies, rbac.Policy(rbac.Config{Any: []string{"admin", "operator"}}))
package rbac
