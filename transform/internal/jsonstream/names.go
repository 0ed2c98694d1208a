package jsonstream

// names tells the names of a program apart by number, from 1; 0 is every other
// name. Most names of a document are none of them, and are told by length and
// three bytes.
type names struct {
	heads [256]uint16
	nexts []uint16 // by number
	texts []string
	most  int    // bytes of the longest
	sizes uint64 // bit n: there is one of n bytes, or n and a multiple of 64
}

func newNames() names { return names{nexts: []uint16{0}, texts: []string{""}} }

// add returns the number of name.
func (n *names) add(name string) int {
	if known := n.find([]byte(name)); known > 0 {
		return known
	}
	h := hash([]byte(name))
	n.nexts = append(n.nexts, n.heads[h])
	n.texts = append(n.texts, name)
	n.heads[h] = uint16(len(n.texts) - 1)
	n.most = max(n.most, len(name))
	n.sizes |= 1 << (len(name) % 64)
	return len(n.texts) - 1
}

func (n *names) find(name []byte) int {
	if n.sizes>>(len(name)%64)&1 == 0 {
		return 0
	}
	for at := n.heads[hash(name)]; at > 0; at = n.nexts[at] {
		if n.texts[at] == string(name) {
			return int(at)
		}
	}
	return 0
}

func hash(b []byte) uint8 {
	if len(b) == 0 {
		return 0
	}
	h := uint32(len(b))*0x9e3779b1 ^ uint32(b[0])*0x85ebca6b ^ uint32(b[len(b)/2])*0xc2b2ae35 ^ uint32(b[len(b)-1])*0x27d4eb2f
	return uint8(h >> 24)
}
