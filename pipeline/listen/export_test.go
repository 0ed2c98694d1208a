package listen

// Between tells whether what was passed on ends where a message does.
func (c *Conn) Between() bool { return c.framer.phase == inHead && c.ready == 0 }

// ReadProxy is for the fuzz target.
var ReadProxy = readProxy

// Poison is what passes in the place of a body that is at fault.
const Poison = poison
