// Package router finds the route of a request by host, path template, method,
// header and query.
//
// A [Router] is made once from the routes of a snapshot and never altered; it
// allocates nothing for a match. What it cannot serve without doubt, it
// refuses when it is made: two routes that would take one request with equal
// right are an error that names both.
//
// # Precedence
//
// Of the routes that match a request, the first by this order takes it:
//
//  1. Host: an exact name, then a wildcard, then any host. A wildcard stands
//     for exactly one label: "*.example.com" takes a.example.com, neither
//     example.com nor a.b.example.com. Ports do not count.
//  2. Path, segment by segment from the left: a literal, then a parameter,
//     then a rest.
//  3. Method: a route that names it, then, for HEAD, one that names GET, then
//     one that names no method.
//  4. The number of header and query predicates, more before fewer.
//  5. Priority, higher before lower.
//
// A route that does not take the request for its method or predicates gives
// way to the next in this order, also to those of a less exact path or host.
// So 405 is answered only where no route of any host or path takes the method
// and one at least would take another; 404 where none matches at all.
//
// # Paths
//
// A template is compared segment by segment with the decoded segments of the
// request, so "%41" and "A" are one path whichever way either is written.
// Segments are split before decoding. A trailing slash counts: "/users" and
// "/users/" are two paths. A parameter {name} takes one segment of at least
// one character; a rest {name...} stands last and takes all that follows,
// slashes included, and be it nothing: "/files/{path...}" takes "/files/a/b",
// "/files/a/" and "/files/", but not "/files". Where "/files/" is a path too,
// it comes before. Templates have at most 64 segments and
// [pipeline.MaxParams] parameters.
//
// # Predicates
//
// A predicate with a value or pattern holds where the field or parameter
// occurs exactly once with that value: one that is repeated says two things
// and is believed in neither. Two routes that hold one field or parameter to
// different exact values are never ambiguous. The query is read only where a
// route with query predicates is asked; one that cannot be read (a broken
// escape, more than 1,000 parameters) is then refused with 400. The routes of
// one path and method are asked one after the other.
//
// # Methods
//
// A route of no methods takes every method but CONNECT and TRACE, which no
// route may name and none takes. OPTIONS that no route takes is answered by
// the gateway: the match is Automatic. For a CORS preflight the route is the
// one that the announced method would go to; header predicates are not asked
// there, since a preflight does not bear the fields of the request to come.
package router
