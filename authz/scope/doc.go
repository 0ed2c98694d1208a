// Package scope authorizes by the scopes that the caller holds on this route:
// those granted by earlier checks (a subscription), or, where nothing was
// granted, those of the caller's credential.
//
//	policies = append(policies, scope.Policy(scope.Config{All: []string{"users.read"}}))
package scope
