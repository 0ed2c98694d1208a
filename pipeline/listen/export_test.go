package listen

import "net"

// Between tells whether what was passed on ends where a message does.
func (c *Conn) Between() bool { return c.framer.phase == inHead && c.ready == 0 }

// ReadProxy is for the fuzz target.
var ReadProxy = readProxy

// Poison is what passes in the place of a body that is at fault.
const Poison = poison

// Counting returns what a connection passes on its way in and out, where a
// listener has these bounds.
func Counting(total, each int) (enter func(client net.Addr) (leave func())) {
	c := newConnections(total, each)
	return func(client net.Addr) func() {
		one, ok := c.enter(nil)
		if !ok || one.belongs(client) != nil {
			panic("a connection is refused")
		}
		return one.leave
	}
}
