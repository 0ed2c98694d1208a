// Package accesslog writes one structured line for each exchange: who asked
// for what, what became of it, how long it took and why it was refused.
//
// The line is encoded on the request path, appended to a pooled buffer, and
// written by one goroutine behind a bounded queue: a slow disk costs lines,
// which are counted, never requests. It is JSON in the form of log/slog's
// JSONHandler.
//
//	log := accesslog.New(accesslog.Writer(os.Stderr), accesslog.Query())
//
// There are two ways out, and one encoder in front of both: [Writer] gets the
// lines as they are; [Slog] has the writer's goroutine read each line back and
// hand it to a slog.Logger as a record, for those whose logs go somewhere
// already. So bounds, escaping and redaction are the same for both, and what a
// handler costs is not paid by requests.
//
// With [Stages] a line tells how long each stage took by itself, and the parts
// add up to the whole.
//
// No line holds request fields but User-Agent and Host, nor a body. Path,
// query, User-Agent and the texts of errors pass package redact, and so do the
// fields of one's own that [Field] adds.
package accesslog
