package wire

// lenient lists, by the names of cases, what a gateway may let pass where it
// uses a leniency that an RFC allows, and what the backend then gets.
var lenient = map[string][]string{
	// RFC 9110 section 8.6: equal lengths may be made one.
	"two equal lengths":           {"POST / hello"},
	"a list of lengths":           {"POST / hello"},
	"a length of nineteen digits": {"POST / hello"},
	// RFC 9112 section 6.1: a coding in HTTP/1.0 may be read, if the connection ends.
	"a coding in HTTP/1.0":                      {"POST / hello"},
	"a coding in HTTP/1.0 that stays connected": {"POST / hello"},
	// They are other fields than those that frame.
	"a length whose name has an underscore": {"POST /", "helloGET /end"},
	"a coding whose name has an underscore": {"POST /", "helloGET /end"},
	"a length whose name has a dot":         {"POST /", "helloGET /end"},
	// RFC 9112 section 5.2: a line that is continued may be made one.
	"a field that is continued with a space": {"GET /"},
	"a field that is continued with a tab":   {"GET /"},
	"space before the name of a length":      {"POST /", "helloGET /end"},
	"a name with a leading tab":              {"GET /"},
	// RFC 9112 section 2.2: a LF may end a line, a CR alone may be made a space,
	// lines before the first field that begin with a space may be dropped, and
	// empty lines before a request may be ignored.
	"a first field that begins with a space": {"GET /"},
	"a bare LF after the request line":       {"GET /"},
	"a bare LF after a field":                {"GET /"},
	"a bare LF at the end of the head":       {"GET /"},
	"a bare LF throughout":                   {"GET /"},
	"a bare CR in a value":                   {"GET /"},
	"two CR before a LF":                     {"GET /"},
	"two empty lines first":                  {"GET /"},
	"an empty line of LF first":              {"GET /"},
	// RFC 9110 section 5.5: a NUL may be made a space; a field whose name is none
	// may be dropped, for what remains is clean.
	"a NUL in a value":        {"GET /"},
	"a NUL in a long value":   {"GET /"},
	"a NUL in a name":         {"GET /"},
	"a control in a value":    {"GET /"},
	"a DEL in a value":        {"GET /"},
	"an empty name":           {"GET /"},
	"a field without a colon": {"GET /"},
	"a name with a quote":     {"GET /"},
	"a name with a slash":     {"GET /"},
	"a name with parentheses": {"GET /"},
	"a name beyond ASCII":     {"GET /"},
	"a name with a space":     {"POST /"},
	"a bare CR in a name":     {"GET /"},
	// RFC 3986 section 3.2: a host may be empty, and so may a port, of any size.
	"an empty host":                {"GET /"},
	"a host with an empty port":    {"GET /"},
	"a host with a port too large": {"GET /"},
	// RFC 6874: a zone may stand there.
	"a host with a zone": {"GET /"},
	// RFC 9112 section 3: words of the line may be apart by any white space.
	"two spaces before the target":    {"GET /"},
	"two spaces after the target":     {"GET /"},
	"a space before the method":       {"GET /"},
	"a space after the version":       {"GET /"},
	"a tab between method and target": {"GET /"},
	// RFC 9110 section 2.5: a higher minor version is read as the one that is known.
	"HTTP/1.2": {"GET /"},
	// RFC 9112 section 7.1: there is no bound to either.
	"a chunk size of seventeen digits":                     {"POST / hello"},
	"an extension of 257 bytes":                            {"POST / hello"},
	"extensions of many chunks that are too much together": {"POST / xxxxxxxxxxxxxxxxxxxx"},
	// RFC 9110 section 6.5.1: what must not be a trailer may be dropped.
	"a trailer with a length":                    {"POST / hello"},
	"a trailer with a coding":                    {"POST / hello"},
	"a trailer with a host":                      {"POST / hello"},
	"a trailer with credentials":                 {"POST / hello"},
	"a trailer with an address":                  {"POST / hello"},
	"a trailer with an address in an underscore": {"POST / hello"},
	"a trailer with a method override":           {"POST / hello"},
	"a trailer with a cookie":                    {"POST / hello"},
	"a trailer with a type":                      {"POST / hello"},
	"a trailer that is continued":                {"POST / hello"},
	"trailers of more than 4 KiB":                {"POST / hello"},
	"more than a hundred trailers":               {"POST / hello"},
	"a forbidden trailer that is announced":      {"POST / hello"},
}
