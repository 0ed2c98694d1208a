package redact

// Card numbers (ISO/IEC 7812) have 13 to 19 digits, in groups parted by one
// space or hyphen, and begin with 2 to 6.
const (
	minCard = 13
	maxCard = 19
)

// card returns how far the word s[i:end] is plain, and how long the card
// number behind that is; it may reach beyond the word.
func card(s string, i, end int) (plain, secret int) {
	for at := i; at < end; at++ {
		if !digit(s[at]) || at > 0 && digit(s[at-1]) {
			continue
		}
		if n := cardLen(s[at:]); n > 0 {
			return at, n
		}
	}
	return end, 0
}

// cardLen returns how many bytes of a card number s begins with, 0 for none.
func cardLen(s string) int {
	if s[0] < '2' || s[0] > '6' {
		return 0
	}
	var digits [maxCard]byte
	n, found := 0, 0
	for i := 0; i < len(s) && n < maxCard; i++ {
		switch {
		case digit(s[i]):
			digits[n] = s[i] - '0'
			n++
			last := i+1 == len(s) || !digit(s[i+1])
			if last && n >= minCard && luhn(digits[:n]) {
				found = i + 1
			}
		case (s[i] == ' ' || s[i] == '-') && digit(s[i-1]):
		default:
			return found
		}
	}
	return found
}

// luhn reports whether the last digit checks the others.
func luhn(digits []byte) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i])
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
