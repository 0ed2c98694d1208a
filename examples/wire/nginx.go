package main

import (
	"context"
	"fmt"
	"os/exec"
)

func nginxVersion() (string, error) {
	out, err := exec.Command("nginx", "-v").CombinedOutput()
	return firstLine(out), err
}

// startNginx starts nginx with its defaults, HTTP/1.1 towards the backend, and
// what its documentation says about WebSockets.
func startNginx(ctx context.Context, backend string) (*instance, error) {
	return launch(ctx, func(dir, plain, http2 string) string {
		return fmt.Sprintf(`
daemon off;
master_process off;
pid %[1]s/pid;
error_log /dev/null;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  client_max_body_size 4m;
  map $http_upgrade $connection_upgrade {
    default upgrade;
    '' '';
  }
  upstream backend {
    server %[4]s;
    keepalive 8;
  }
  server {
    listen %[2]s;
    listen %[3]s http2;
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}
`, dir, plain, http2, backend)
	}, func(config string) *exec.Cmd { return exec.Command("nginx", "-c", config, "-e", "/dev/null") })
}
