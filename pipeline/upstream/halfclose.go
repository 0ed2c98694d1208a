package upstream

import "errors"

// CloseWrite ends what is sent to the backend, which may still be heard then.
func (b *tunnelBody) CloseWrite() error { return closeWrite(b.ReadWriteCloser) }

// CloseWrite ends what is sent, where the connection can.
func (c *conn) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(c any) error {
	half, ok := c.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}
