// Package peers holds the contenders that are programs of others: nginx and
// HAProxy, where they are installed.
package peers

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/control"
)

// NGINX returns the command of nginx, which passes everything on, logs nothing
// and keeps connections to the backend. Its files are in dir.
func NGINX(p control.Place, dir string) (*exec.Cmd, error) {
	file, err := write(dir, "nginx.conf", fmt.Sprintf(nginx, dir, p.Backend, p.H1, p.H2C))
	if err != nil {
		return nil, err
	}
	return command("nginx", "-e", filepath.Join(dir, "nginx.log"), "-p", dir, "-c", file)
}

const nginx = `daemon off;
user root;
worker_processes auto;
pid %[1]s/nginx.pid;
error_log %[1]s/nginx.log;
events { worker_connections 4096; }
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	client_body_buffer_size 64k;
	keepalive_requests 1000000000;
	upstream backend {
		server %[2]s;
		keepalive 256;
		keepalive_requests 1000000000;
	}
	server {
		listen %[3]s;
		listen %[4]s http2;
		location / {
			proxy_pass http://backend;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $host;
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
		}
	}
}
`

// HAProxy returns the command of HAProxy, with the same duties.
func HAProxy(p control.Place, dir string) (*exec.Cmd, error) {
	file, err := write(dir, "haproxy.cfg", fmt.Sprintf(haproxy, p.H1, p.H2C, p.Backend))
	if err != nil {
		return nil, err
	}
	return command("haproxy", "-db", "-f", file)
}

const haproxy = `global
	maxconn 4096
defaults
	mode http
	timeout connect 2s
	timeout client 60s
	timeout server 60s
	http-reuse always
	option forwardfor
frontend front
	bind %s
	bind %s proto h2
	default_backend back
backend back
	server backend %s
`

func write(dir, name, text string) (string, error) {
	file := filepath.Join(dir, name)
	return file, os.WriteFile(file, []byte(text), 0o600)
}

// command finds a program, in the folders of servers too, which the path of a
// user who is not root often lacks.
func command(name string, args ...string) (*exec.Cmd, error) {
	file, err := exec.LookPath(name)
	if err != nil {
		file, err = exec.LookPath(filepath.Join("/usr/sbin", name))
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not installed", name)
	}
	return exec.Command(file, args...), nil
}

// Ready tells whether something accepts connections at an address.
func Ready(addr string) bool {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
