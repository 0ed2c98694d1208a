package tracing

import "strings"

// Bounds of tracestate (Trace Context section 3.3.1).
const (
	maxMembers  = 32
	maxKey      = 256
	maxTenant   = 241
	maxSystem   = 14
	maxValue    = 256
	fieldSpaces = " \t"
)

// A member is one entry of tracestate.
type member struct{ key, text string } // text is the entry whole

// parseTracestate reads the lines of tracestate. state is what to hand on: of
// the entries of one key the first, which is the newest. Where something in it
// is not as it has to be, none of it holds.
func parseTracestate(lines []string) (state string, holds bool) {
	var room [maxMembers]member
	members, whole := room[:0], len(lines) == 1
	for _, line := range lines {
		for entry := range strings.SplitSeq(line, ",") {
			entry = strings.Trim(entry, fieldSpaces)
			if entry == "" { // allowed, and says nothing
				whole = false
				continue
			}
			key, value, found := strings.Cut(entry, "=")
			if !found || !validKey(key) || !validValue(value) || len(members) == maxMembers {
				return "", false
			}
			if known(members, key) {
				whole = false
				continue
			}
			members = append(members, member{key, entry})
		}
	}
	if whole {
		return lines[0], true
	}
	return join(members), true
}

func known(members []member, key string) bool {
	for _, m := range members {
		if m.key == key {
			return true
		}
	}
	return false
}

func join(members []member) string {
	var b strings.Builder
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(m.text)
	}
	return b.String()
}

// validKey holds a key to section 3.3.1.3.1: a name that begins with a letter,
// or a tenant, "@" and the name of a system.
func validKey(key string) bool {
	tenant, system, multi := strings.Cut(key, "@")
	if !multi {
		return len(key) <= maxKey && keyName(key) && letter(key[0])
	}
	return len(tenant) <= maxTenant && keyName(tenant) && (letter(tenant[0]) || digit(tenant[0])) &&
		len(system) <= maxSystem && keyName(system) && letter(system[0])
}

func keyName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !letter(c) && !digit(c) && c != '_' && c != '-' && c != '*' && c != '/' {
			return false
		}
	}
	return s != ""
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' }

func digit(c byte) bool { return '0' <= c && c <= '9' }

// validValue holds a value to section 3.3.1.3.2. Spaces at its end were
// trimmed.
func validValue(value string) bool {
	if value == "" || len(value) > maxValue {
		return false
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' || c > '~' || c == ',' || c == '=' {
			return false
		}
	}
	return true
}
