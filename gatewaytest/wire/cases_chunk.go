package wire

import "strings"

// chunkCases are about bodies in chunks: RFC 9112 section 7.1.
func chunkCases() []Case {
	const group = "chunks"
	cases := answered(group, [][]string{
		{"a chunk size may have leading zeros", chunked + "0005\r\nhello\r\n00\r\n\r\n", "POST / hello"},
		{"a chunk size may have upper case digits", chunked + "A\r\nhellohello\r\n" + last, "POST / hellohello"},
		{"a chunk size may have lower case digits", chunked + "a\r\nhellohello\r\n" + last, "POST / hellohello"},
		{"a short chunk extension is dropped", chunked + "5;name=\"value\";x\r\nhello\r\n0;y\r\n\r\n", "POST / hello"},
	}...)
	return append(cases, each(refused(group, "400", [][2]string{
		{"an empty chunk size", chunked + "\r\nhello\r\n" + last},
		{"a chunk size with a sign", chunked + "+5\r\nhello\r\n" + last},
		{"a chunk size with 0x", chunked + "0x5\r\nhello\r\n" + last},
		{"a chunk size with an underscore", chunked + "0_5\r\nhello\r\n" + last},
		{"a chunk size with space before it", chunked + " 5\r\nhello\r\n" + last},
		{"a chunk size with space after it", chunked + "5 \r\nhello\r\n" + last},
		{"a chunk size with a tab after it", chunked + "5\t\r\nhello\r\n" + last},
		{"a chunk size of letters", chunked + "xyz\r\nhello\r\n" + last},
		{"a chunk size of seventeen digits", chunked + "00000000000000005\r\nhello\r\n" + last},
		{"a chunk size beyond 62 bits", chunked + "FFFFFFFFFFFFFFFF\r\nhello\r\n" + last},
		{"a chunk size that ends with LF", chunked + "5\nhello\r\n" + last},
		{"a chunk size that ends with CR", chunked + "5\rhello\r\n" + last},
		{"a chunk that ends with LF", chunked + "5\r\nhello\n" + last},
		{"a chunk that ends with CR", chunked + "5\r\nhello\r" + last},
		{"a chunk that ends with nothing", chunked + "5\r\nhello" + last},
		{"a chunk that is longer than it says", chunked + "4\r\nhello\r\n" + last},
		{"a chunk that is shorter than it says", chunked + "6\r\nhello\r\n" + last},
		{"a last chunk that ends with LF", chunked + hello + "0\n\r\n"},
		{"a body in chunks that ends with LF", chunked + hello + "0\r\n\n"},
		{"an extension that ends with LF", chunked + "5;a\nhello\r\n" + last},
		{"an extension with a CR", chunked + "5;a\rb\r\nhello\r\n" + last},
		{"an extension with a NUL", chunked + "5;\x00\r\nhello\r\n" + last},
		{"an extension without a size", chunked + ";a\r\nhello\r\n" + last},
		{"an extension of 257 bytes", chunked + "5;" + long(257) + "\r\nhello\r\n" + last},
		{"extensions of many chunks that are too much together", chunked + strings.Repeat("1;"+long(250)+"\r\nx\r\n", 20) + last},
	}...), partial)...)
}

// partial allows that the backend gets the beginning of the request: a body is
// a stream.
func partial(c *Case) { c.Partial = true }
