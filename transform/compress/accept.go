package compress

import (
	"strings"
)

// maxEncodings bounds what is looked at of Accept-Encoding: who lists more is
// sent the plain body.
const maxEncodings = 32

// choose returns the best of the offered encodings for the values of
// Accept-Encoding, empty for none (RFC 9110 section 12.5.3): the one of the
// highest weight, among equals the first offered.
func choose(accept []string, offered []string) string {
	var weights [3]int // of offered; -1 not said
	for i := range weights {
		weights[i] = -1
	}
	star, identity, seen := 0, -1, 0
	for _, value := range accept {
		for one := range strings.SplitSeq(value, ",") {
			if seen++; seen > maxEncodings {
				return ""
			}
			coding, weight := parseCoding(one)
			switch coding {
			case "*":
				star = weight
			case "identity":
				identity = weight
			default:
				note(weights[:], offered, coding, weight)
			}
		}
	}
	best, most := "", max(identity-1, 0) // of equal weight, an encoding goes before none
	for i, name := range offered {
		w := weights[i]
		if w < 0 {
			w = star
		}
		if w > most {
			best, most = name, w
		}
	}
	return best
}

func note(weights []int, offered []string, coding string, weight int) {
	if coding == "x-gzip" { // RFC 9110 section 8.4.1.3
		coding = "gzip"
	}
	for i, name := range offered {
		if name == coding {
			weights[i] = weight
		}
	}
}

// parseCoding reads "gzip;q=0.5" into the name and the weight in thousandths.
// A weight that is none counts as 0.
func parseCoding(s string) (coding string, weight int) {
	coding, params, found := strings.Cut(s, ";")
	coding = strings.ToLower(strings.TrimSpace(coding))
	if !found {
		return coding, 1000
	}
	name, value, _ := strings.Cut(strings.TrimSpace(params), "=")
	if !strings.EqualFold(name, "q") {
		return coding, 0
	}
	return coding, parseWeight(value)
}

// parseWeight reads a qvalue (RFC 9110 section 12.4.2) in thousandths.
func parseWeight(s string) int {
	whole, fraction, _ := strings.Cut(s, ".")
	if whole != "0" && whole != "1" || len(fraction) > 3 {
		return 0
	}
	weight := 0
	for i := range 3 {
		digit := byte('0')
		if i < len(fraction) {
			digit = fraction[i]
		}
		if digit < '0' || digit > '9' {
			return 0
		}
		weight = weight*10 + int(digit-'0')
	}
	if whole == "1" {
		return 1000 * boolInt(weight == 0)
	}
	return weight
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
