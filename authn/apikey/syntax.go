package apikey

// A key is 16 to 256 visible ASCII characters: those of a token (RFC 9110
// section 5.6.2), and "/", "=" and ":", which encodings in use need.
const (
	minKey = 16
	maxKey = 256
)

// wellFormed reports whether s can be a key.
func wellFormed(s string) bool {
	if len(s) < minKey || len(s) > maxKey {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !tokenChar[c] && c != '/' && c != '=' && c != ':' {
			return false
		}
	}
	return true
}

// isToken reports whether s holds token characters only.
func isToken(s string) bool {
	for i := range len(s) {
		if !tokenChar[s[i]] {
			return false
		}
	}
	return true
}

// tokenChar is tchar of RFC 9110 section 5.6.2.
var tokenChar = func() (table [256]bool) {
	for c := range table {
		table[c] = '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		table[c] = true
	}
	return table
}()
