package redact

import "strings"

// innocent reports whether s has none of what it takes to hold a secret: the
// sign between a name and its value, the mark of a token, a scheme and its
// credentials, or the digits of a card. Most texts are told apart by it, at a
// fraction of the price of reading their words.
func innocent(s string) bool {
	if len(s) < minCard {
		return unsuspected(s)
	}
	return strings.IndexByte(s, '=') < 0 && strings.IndexByte(s, ':') < 0 && !marked(s) && !schemed(s) && !numbered(s)
}

// unsuspected is innocent for what is too short for a card: names and paths.
func unsuspected(s string) bool {
	for i := range len(s) {
		if classOf[s[i]]&suspect != 0 {
			return false
		}
	}
	return true
}

func marked(s string) bool {
	return strings.IndexByte(s, '_') >= 0 && strings.Contains(s, "gw_") ||
		strings.IndexByte(s, 'J') >= 0 && strings.Contains(s, "eyJ")
}

// schemed reports whether a word before a space ends as one of the schemes
// does: basic, bearer, dpop.
func schemed(s string) bool {
	if strings.IndexByte(s, '\t') >= 0 {
		return true
	}
	for {
		space := strings.IndexByte(s, ' ')
		if space < 0 {
			return false
		}
		if space > 0 {
			switch s[space-1] | 0x20 {
			case 'c', 'r', 'p':
				return true
			}
		}
		s = s[space+1:]
	}
}

// numbered reports whether there are as many digits as a card has, with spaces
// and hyphens among them and nothing else. Such a row is too long to lie
// between the places that are looked at.
func numbered(s string) bool {
	for i := minCard - 1; i < len(s); i += minCard {
		if !cardByte(s[i]) {
			continue
		}
		digits, from := 0, i
		for from > 0 && cardByte(s[from-1]) {
			from--
		}
		for i = from; i < len(s) && cardByte(s[i]); i++ {
			if digit(s[i]) {
				digits++
			}
		}
		if digits >= minCard {
			return true
		}
	}
	return false
}

func cardByte(c byte) bool { return digit(c) || c == ' ' || c == '-' }
