// Package ipset authorizes by the address of the caller: lists of networks
// that may call, and of networks that may not. Deny wins.
//
//	policies = append(policies, ipset.Policy(ipset.Config{Allow: []netip.Prefix{office}}))
package ipset
