// Package problem gives the error answers of backends the form in which the
// gateway itself refuses, so that all APIs have one error envelope.
//
//	problem.Policy(problem.Config{Detail: "error.message"})
//
// What a backend says in the body of an error was written for whoever runs it:
// stack traces, addresses, versions. Nothing of it is passed on, unless the
// settings name the one text that may be.
package problem
