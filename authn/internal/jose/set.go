package jose

import (
	"errors"
	"fmt"
	"slices"
)

// Bounds of a key set.
const (
	maxKeys = 256
)

// A Set is a key set (RFC 7517). It is never altered.
type Set struct {
	// Left says of each key that was left out why.
	Left []string

	byID map[string]*Key
	keys []*Key
}

var errNoKeys = errors.New("the key set holds no key that may verify signatures")

// ParseSet reads a key set. Keys that are not for verifying signatures, or are
// too weak for it, are left out. A set with two keys of one id is refused, as
// is one without any key.
func ParseSet(raw []byte) (*Set, error) {
	items, err := items(raw)
	if err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	s := &Set{byID: map[string]*Key{}}
	for i, item := range items {
		key, err := parseKey(item)
		if err != nil {
			s.Left = append(s.Left, fmt.Sprintf("key %d: %v", i, err))
			continue
		}
		if err := s.add(key); err != nil {
			return nil, err
		}
	}
	if len(s.keys) == 0 {
		return nil, errNoKeys
	}
	return s, nil
}

// items returns the members of the key set's "keys".
func items(raw []byte) ([]map[string]any, error) {
	object, err := parseObject(string(raw))
	if err == nil {
		err = unambiguous(object, []string{"keys"})
	}
	if err != nil {
		return nil, err
	}
	list, ok := object["keys"].([]any)
	if !ok || len(list) > maxKeys {
		return nil, fmt.Errorf("want a list \"keys\" of at most %d", maxKeys)
	}
	keys := make([]map[string]any, len(list))
	for i, item := range list {
		if keys[i], ok = item.(map[string]any); !ok {
			return nil, errors.New("want objects in the list \"keys\"")
		}
	}
	return keys, nil
}

func (s *Set) add(key *Key) error {
	s.keys = append(s.keys, key)
	if key.ID == "" {
		return nil
	}
	if s.byID[key.ID] != nil {
		return errors.New("the key set holds two keys of one id")
	}
	s.byID[key.ID] = key
	return nil
}

// Find returns the key of the id. Without an id it is the only key that fits
// the algorithm: of several, none.
func (s *Set) Find(id, algorithm string) *Key {
	if id != "" {
		return s.byID[id]
	}
	fits := func(k *Key) bool { return k.Fits(algorithm) }
	first := slices.IndexFunc(s.keys, fits)
	if first < 0 || slices.ContainsFunc(s.keys[first+1:], fits) {
		return nil
	}
	return s.keys[first]
}

// Len returns how many keys the set holds.
func (s *Set) Len() int { return len(s.keys) }
