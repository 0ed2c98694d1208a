// Package judge is what the policies that edit JSON answers have in common:
// what the backend is asked for, which answers can be judged, and what becomes
// of the others. An answer that cannot be judged is withheld, or cut off where it
// has begun; it is never passed on.
package judge
