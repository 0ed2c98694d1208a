package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/seed-f9645bd3/gateway/registry"
)

// maxPEMFile bounds what is read of one file.
const maxPEMFile = 1 << 20

// tlsConfig returns the settings towards https endpoints, with one session
// cache for all endpoints of the upstream, and what is wrong with the files.
func tlsConfig(c registry.UpstreamTLS) (*tls.Config, registry.Faults) {
	var faults registry.Faults
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         c.ServerName,
		InsecureSkipVerify: c.InsecureSkipVerify, // the setting is named so and logged at each start
		ClientSessionCache: tls.NewLRUClientSessionCache(0),
		RootCAs:            authorities(c.CAFile, &faults),
	}
	if pair := ownPair(c.CertFile, c.KeyFile, &faults); pair != nil {
		config.Certificates = []tls.Certificate{*pair}
	}
	return config, faults
}

// authorities reads the certificates that replace the system's roots; nil,
// which means those, where there is no file.
func authorities(file string, faults *registry.Faults) *x509.CertPool {
	const field = "/tls/ca_file"
	if file == "" {
		return nil
	}
	pem, err := readFile(file)
	if err != nil {
		faults.Add(field, "%w", err)
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		faults.Add(field, "%s holds no certificate in PEM form", file)
	}
	return pool
}

var errHalfPair = errors.New("want cert_file and key_file together, or none of them")

// ownPair reads the certificate that endpoints are shown; nil where there is
// none. What is wrong with it never repeats what the files hold.
func ownPair(certFile, keyFile string, faults *registry.Faults) *tls.Certificate {
	const certField, keyField = "/tls/cert_file", "/tls/key_file"
	switch {
	case certFile == "" && keyFile == "":
		return nil
	case certFile == "":
		faults.Add(certField, "%w", errHalfPair)
		return nil
	case keyFile == "":
		faults.Add(keyField, "%w", errHalfPair)
		return nil
	}
	cert, err := readFile(certFile)
	if err != nil {
		faults.Add(certField, "%w", err)
	}
	key, keyErr := readFile(keyFile)
	if keyErr != nil {
		faults.Add(keyField, "%w", keyErr)
	}
	if err != nil || keyErr != nil {
		return nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		faults.Add(certField, "%s and %s are no pair: %w", certFile, keyFile, err)
		return nil
	}
	return &pair
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxPEMFile+1))
	if err == nil && len(content) > maxPEMFile {
		err = fmt.Errorf("%s is longer than %d bytes", path, maxPEMFile)
	}
	return content, err
}
