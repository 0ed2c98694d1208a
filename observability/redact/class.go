package redact

// A class is a set of what a byte may be part of.
type class uint8

const (
	inName class = 1 << iota // a name, a number or a token
	inMark                   // what every mark of a shape has: gw_, eyJ
	isDigit
	isLetter
	suspect // what a secret has in it, or in front: a sign, a mark or a space
)

// classOf is written once, here.
var classOf = classes()

func classes() (of [256]class) {
	for c := range of {
		switch {
		case c >= '0' && c <= '9':
			of[c] = inName | isDigit
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			of[c] = inName | isLetter
		case c == '_', c == '-', c == '.':
			of[c] = inName
		}
	}
	of['_'] |= inMark
	of['J'] |= inMark
	for _, c := range "=:_J \t" {
		of[c] |= suspect
	}
	return of
}

func digit(c byte) bool { return classOf[c]&isDigit != 0 }
