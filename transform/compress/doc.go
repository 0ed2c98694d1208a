// Package compress compresses responses with zstd, br or gzip, as the client
// asks in Accept-Encoding, while they stream.
//
//	compress.Policy(compress.Config{})
//
// What the backend has sent so far goes out at once, in whole blocks that the
// client can decode; nothing is held back to fill a buffer. Left alone is what
// is encoded already, what may not be altered, what is a part, what is too
// short to gain, and what it is not safe to compress: see Config.Cookies.
package compress
