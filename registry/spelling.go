package registry

import (
	"slices"
	"strings"
)

// A Spelling is a set of ways to write a path that some backends read
// otherwise than RFC 3986 does.
type Spelling uint8

// Spellings of a path. Each is one bit.
const (
	EncodedSlash     Spelling = 1 << iota // %2F, which many decode before they split the path
	EncodedBackslash                      // %5C, which some take for a slash
	Semicolon                             // ; and %3B, behind which some cut a segment off
	EmptySegment                          // //, which many merge
	DoubleEncoding                        // %25 and two hexadecimal digits, which some decode twice
	TrailingDot                           // a dot or space at the end of a segment, which some file systems drop
)

// SpellingNames returns what settings call the spellings, in the order of
// their bits.
func SpellingNames() []string {
	return []string{"encoded_slash", "encoded_backslash", "semicolon", "empty_segment", "double_encoding", "trailing_dot"}
}

// String returns the names of the set, separated by commas.
func (s Spelling) String() string {
	var names []string
	for i, name := range SpellingNames() {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// Paths says which spellings of a path a route takes that are refused
// otherwise. Its zero value says nothing: the API or the document may, and
// where none does, none is taken.
type Paths struct {
	// Allow lists the spellings that are taken: encoded_slash (%2F),
	// encoded_backslash (%5C), semicolon (; and %3B), empty_segment (//),
	// double_encoding (%25 and two hexadecimal digits) and trailing_dot (a dot
	// or space at the end of a segment). Each goes on as it came. A path that
	// one of them leads to another route, read as lenient backends do, is
	// refused all the same. Default: none. An empty list takes none where the
	// API or the document allows some.
	Allow []string `json:"allow,omitzero" enum:"encoded_slash,encoded_backslash,semicolon,empty_segment,double_encoding,trailing_dot"`
}

// Spellings returns what Allow lists, as a set. Unknown names, which Validate
// reports, allow nothing.
func (p Paths) Spellings() (s Spelling) {
	names := SpellingNames()
	for _, name := range p.Allow {
		if i := slices.Index(names, name); i >= 0 {
			s |= 1 << i
		}
	}
	return s
}

// or returns p where it says something, else what is inherited.
func (p Paths) or(inherited Paths) Paths {
	if p.Allow == nil {
		return inherited
	}
	return p
}

// spellingFault returns what is wrong with a name of a spelling.
func spellingFault(name string) error {
	if slices.Contains(SpellingNames(), name) {
		return nil
	}
	return Unknown("spelling", clip(name), SpellingNames())
}
