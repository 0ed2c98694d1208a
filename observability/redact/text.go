package redact

import (
	"strings"
	"unicode/utf8"
)

// Mask stands where a secret stood.
const Mask = "***"

// Text returns s with its secrets replaced, in at most max bytes.
func (r *Rules) Text(s string, max int) string {
	if len(s) <= max && r.Clean(s) {
		return s
	}
	return string(r.AppendText(nil, s, max))
}

// Clean reports whether AppendText would find nothing in s.
func (r *Rules) Clean(s string) bool {
	if innocent(s) {
		return true
	}
	for i := 0; i < len(s); {
		end, secret := r.step(s, i)
		if secret > 0 {
			return false
		}
		i = end
	}
	return true
}

// AppendText appends s with its secrets replaced: at most max bytes, cut
// between characters.
func (r *Rules) AppendText(dst []byte, s string, max int) []byte {
	start := len(dst)
	max = min(max, len(s)*(1+len(Mask))) // it never comes to more, and room must not overflow
	for i := 0; i < len(s) && len(dst)-start < max; {
		end, secret := r.step(s, i)
		room := max - (len(dst) - start) + utf8.UTFMax // the cut needs to see what follows
		dst = append(dst, s[i:min(end, i+room)]...)
		if i = end; secret > 0 {
			dst = append(dst, Mask...)
			i += secret
		}
	}
	return cut(dst, start, max)
}

// cut takes what lies beyond max bytes from start off again.
func cut(dst []byte, start, max int) []byte {
	switch {
	case max < 0:
		return dst[:start]
	case len(dst)-start <= max:
		return dst
	}
	end := start + max
	for end > start && !utf8.RuneStart(dst[end]) {
		end--
	}
	return dst[:end]
}

// step returns how far s is plain from i on, at least for one byte or for none
// where a secret begins at once, and how many bytes are secret behind that.
func (r *Rules) step(s string, i int) (end, secret int) {
	seen := classOf[s[i]]
	if seen&inName == 0 {
		if s[i] == ':' && strings.HasPrefix(s[i:], "://") {
			return i + 3, userinfo(s[i+3:])
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		return i + size, 0
	}
	for end = i + 1; end < len(s); end++ {
		c := classOf[s[end]]
		if c&inName == 0 {
			break
		}
		seen |= c
	}
	return r.word(s, i, end, seen)
}

// word looks at the word s[i:end], which has characters of the classes seen,
// and at what follows it.
func (r *Rules) word(s string, i, end int, seen class) (plain, secret int) {
	w := s[i:end]
	if seen&inMark != 0 {
		if at := shaped(w); at >= 0 {
			return i + at, len(w) - at
		}
	}
	if end < len(s) && seen&isLetter != 0 {
		if scheme(w) {
			if at := skipSpace(s, end); at > end {
				return at, tokenEnd(s[at:])
			}
		}
		if at := separator(s, end); at > end && r.inText(w) {
			return r.value(s, at, w)
		}
	}
	if seen&isDigit != 0 {
		return card(s, i, end)
	}
	return end, 0
}

// shaped returns where a key or token begins in the word, -1 where none does.
func shaped(w string) int {
	for _, mark := range [...]string{"gw_", "eyJ"} {
		at := strings.Index(w, mark)
		if at < 0 {
			continue
		}
		rest := w[at:]
		if mark == "gw_" && len(rest) >= 11 || mark == "eyJ" && strings.Contains(rest, ".") {
			return at
		}
	}
	return -1
}

func scheme(w string) bool {
	switch len(w) {
	case 4:
		return strings.EqualFold(w, "dpop")
	case 5:
		return strings.EqualFold(w, "basic")
	case 6:
		return strings.EqualFold(w, "bearer")
	}
	return false
}

// separator returns where the value begins that the name before at belongs to,
// at where there is none: password=x, password: x, "password":"x", and the
// last once more in quotes.
func separator(s string, at int) int {
	i := at
	for i < len(s) && (s[i] == '"' || s[i] == '\'' || s[i] == '\\') {
		i++
	}
	i = skipSpace(s, i)
	if i == len(s) || s[i] != '=' && s[i] != ':' {
		return at
	}
	return skipSpace(s, i+1)
}

// value returns where the value of a secret name begins and how long it is.
func (r *Rules) value(s string, at int, name string) (plain, secret int) {
	if folded := strings.ToLower(name); strings.HasSuffix(folded, "authorization") || strings.HasSuffix(folded, "cookie") {
		return at, until(s[at:], "\r\n")
	}
	for at < len(s) && s[at] == '\\' {
		at++
	}
	if at == len(s) {
		return at, 0
	}
	if quote := s[at]; quote == '"' || quote == '\'' {
		return at + 1, quoted(s[at+1:], quote)
	}
	return at, until(s[at:], " \t\r\n&;,)}]\"'")
}

// quoted returns how long the quoted text is; a quote that never ends hides
// the rest.
func quoted(s string, quote byte) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case quote:
			return i
		case '\\':
			if i+1 < len(s) && s[i+1] == quote && closes(s, i+2) {
				return i
			}
			i++
		}
	}
	return len(s)
}

// closes reports whether an escaped quote in front of i ends a value: what
// follows is JSON's punctuation or nothing.
func closes(s string, i int) bool {
	return i >= len(s) || strings.IndexByte(",}] :", s[i]) >= 0
}

func until(s, stop string) int {
	if i := strings.IndexAny(s, stop); i >= 0 {
		return i
	}
	return len(s)
}

// userinfo returns how long the user of a URL's authority is, without "@".
func userinfo(s string) int {
	return max(strings.LastIndexByte(s[:until(s, "/?# \t\r\n\"'")], '@'), 0)
}

// tokenEnd returns how many bytes of a token68 (RFC 9110 section 11.2) s
// begins with.
func tokenEnd(s string) int {
	for i := 0; i < len(s); i++ {
		if c := s[i]; classOf[c]&inName == 0 && c != '~' && c != '+' && c != '/' && c != '=' {
			return i
		}
	}
	return len(s)
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return i
}
