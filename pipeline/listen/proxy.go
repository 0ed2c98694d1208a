package listen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Bounds of the header that a proxy puts in front of a connection.
const (
	maxProxyV1 = 107
	maxProxyV2 = 536
)

const signatureV2 = "\r\n\r\n\x00\r\nQUIT\n"

var errProxy = errors.New("the PROXY header is not one of version 1 or 2")

// A proxied is a connection that another machine made for a client.
type proxied struct {
	net.Conn
	remote net.Addr
}

// RemoteAddr returns the address of the client.
func (p proxied) RemoteAddr() net.Addr { return p.remote }

// CloseWrite ends what is sent.
func (p proxied) CloseWrite() error { return closeWrite(p.Conn) }

// readProxy reads the header of the PROXY protocol, not a byte more, and
// returns the address of the client; it is the peer's own where the connection
// is one that the proxy makes for itself.
func readProxy(conn net.Conn) (net.Addr, error) {
	var head [maxProxyV2]byte
	start := head[:len(signatureV2)]
	if _, err := io.ReadFull(conn, start); err != nil {
		return nil, err
	}
	var client netip.AddrPort
	var err error
	switch {
	case string(start) == signatureV2:
		client, err = readV2(conn, head[:])
	case bytes.HasPrefix(start, []byte("PROXY ")):
		client, err = readV1(conn, head[:maxProxyV1])
	default:
		return nil, errProxy
	}
	if err != nil || !client.IsValid() {
		return conn.RemoteAddr(), err
	}
	return net.TCPAddrFromAddrPort(client), nil
}

// readV1 reads the rest of a line of version 1, byte by byte, as what follows
// it is not ours. The first bytes of it are in line.
func readV1(conn net.Conn, line []byte) (netip.AddrPort, error) {
	n := len(signatureV2)
	for !bytes.HasSuffix(line[:n], []byte("\r\n")) {
		if n == len(line) {
			return netip.AddrPort{}, errProxy
		}
		if _, err := io.ReadFull(conn, line[n:n+1]); err != nil {
			return netip.AddrPort{}, err
		}
		n++
	}
	return parseV1(string(line[:n-2]))
}

// parseV1 reads "PROXY TCP4 source destination port port". What stands after
// UNKNOWN says nothing.
func parseV1(line string) (netip.AddrPort, error) {
	parts := strings.Split(line, " ")
	if len(parts) > 1 && parts[1] == "UNKNOWN" {
		return netip.AddrPort{}, nil
	}
	if len(parts) != 6 || parts[1] != "TCP4" && parts[1] != "TCP6" {
		return netip.AddrPort{}, errProxy
	}
	source, err1 := parseAddr(parts[2], parts[1] == "TCP4")
	_, err2 := parseAddr(parts[3], parts[1] == "TCP4")
	port, err3 := parsePort(parts[4])
	_, err4 := parsePort(parts[5])
	if errors.Join(err1, err2, err3, err4) != nil {
		return netip.AddrPort{}, errProxy
	}
	return netip.AddrPortFrom(source, port), nil
}

func parseAddr(s string, v4 bool) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Is4() != v4 || a.Zone() != "" {
		return netip.Addr{}, errProxy
	}
	return a, nil
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, errProxy
	}
	return uint16(n), nil
}

// readV2 reads what follows the signature of version 2.
func readV2(conn net.Conn, head []byte) (netip.AddrPort, error) {
	const fixed = len(signatureV2) + 4
	if _, err := io.ReadFull(conn, head[len(signatureV2):fixed]); err != nil {
		return netip.AddrPort{}, err
	}
	size := int(binary.BigEndian.Uint16(head[fixed-2:]))
	if size > len(head)-fixed {
		return netip.AddrPort{}, errProxy
	}
	if _, err := io.ReadFull(conn, head[fixed:fixed+size]); err != nil {
		return netip.AddrPort{}, err
	}
	return parseV2(head[fixed-4], head[fixed-3], head[fixed:fixed+size])
}

// parseV2 reads version and command, family and protocol, and the addresses;
// what more there is says nothing here.
func parseV2(command, family byte, rest []byte) (netip.AddrPort, error) {
	const local, proxy, tcp4, tcp6 = 0x20, 0x21, 0x11, 0x21
	switch {
	case command == local:
		return netip.AddrPort{}, nil
	case command == proxy && family == tcp4 && len(rest) >= 12:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(rest)), binary.BigEndian.Uint16(rest[8:])), nil
	case command == proxy && family == tcp6 && len(rest) >= 36:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(rest)), binary.BigEndian.Uint16(rest[32:])), nil
	}
	return netip.AddrPort{}, errProxy
}
