package gatewaytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// A CA issues certificates, and says which of them it has revoked. The fields
// are set before the first use.
type CA struct {
	Now      func() time.Time
	Lifetime time.Duration // of what is issued; an hour otherwise

	t    testing.TB
	key  *ecdsa.PrivateKey
	cert *x509.Certificate

	mu      sync.Mutex
	serial  int64
	crl     int64
	revoked []x509.RevocationListEntry
}

// NewCA makes an authority with a key of its own.
func NewCA(t testing.TB) *CA {
	t.Helper()
	ca := &CA{Now: time.Now, Lifetime: time.Hour, t: t, serial: 1}
	ca.key = ca.newKey()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gatewaytest CA"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, ca.key.Public(), ca.key)
	ca.check("make the authority", err)
	ca.cert, err = x509.ParseCertificate(der)
	ca.check("read the authority", err)
	return ca
}

func (ca *CA) check(what string, err error) {
	ca.t.Helper()
	if err != nil {
		ca.t.Fatalf("%s: %v", what, err)
	}
}

func (ca *CA) newKey() *ecdsa.PrivateKey {
	ca.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ca.check("make a key", err)
	return key
}

// Certificate returns the certificate of the authority.
func (ca *CA) Certificate() *x509.Certificate { return ca.cert }

// PEM returns the certificate of the authority as PEM.
func (ca *CA) PEM() []byte { return certPEM(ca.cert.Raw) }

// Pool returns a pool that trusts the authority alone.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return pool
}

// Server issues a server's certificate for names and addresses; for localhost
// and loopback where there are none.
func (ca *CA) Server(names ...string) tls.Certificate {
	ca.t.Helper()
	if len(names) == 0 {
		names = []string{"localhost", "127.0.0.1", "::1"}
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: names[0]},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return ca.Issue(template)
}

// Client issues a client's certificate for the common name.
func (ca *CA) Client(commonName string) tls.Certificate {
	ca.t.Helper()
	return ca.Issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: commonName},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// Issue issues a certificate as the template says; serial number, validity
// and key usage are filled in where it says nothing.
func (ca *CA) Issue(template *x509.Certificate) tls.Certificate {
	ca.t.Helper()
	c := *template
	ca.complete(&c)
	key := ca.newKey()
	der, err := x509.CreateCertificate(rand.Reader, &c, ca.cert, key.Public(), ca.key)
	ca.check("issue a certificate", err)
	leaf, err := x509.ParseCertificate(der)
	ca.check("read a certificate", err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (ca *CA) complete(c *x509.Certificate) {
	if c.SerialNumber == nil {
		ca.mu.Lock()
		ca.serial++
		c.SerialNumber = big.NewInt(ca.serial)
		ca.mu.Unlock()
	}
	if c.NotBefore.IsZero() {
		c.NotBefore = ca.Now().Add(-time.Minute)
	}
	if c.NotAfter.IsZero() {
		c.NotAfter = ca.Now().Add(ca.Lifetime)
	}
	if c.KeyUsage == 0 {
		c.KeyUsage = x509.KeyUsageDigitalSignature
	}
}

// Revoke puts a certificate on the revocation list.
func (ca *CA) Revoke(cert tls.Certificate) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.revoked = append(ca.revoked, x509.RevocationListEntry{
		SerialNumber: cert.Leaf.SerialNumber, RevocationTime: ca.Now(),
	})
}

// CRL returns the revocation list as it is now (RFC 5280 section 5), in DER.
func (ca *CA) CRL() []byte {
	ca.t.Helper()
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.crl++
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(ca.crl), ThisUpdate: ca.Now(), NextUpdate: ca.Now().Add(ca.Lifetime),
		RevokedCertificateEntries: ca.revoked,
	}, ca.cert, ca.key)
	ca.check("make the revocation list", err)
	return der
}

// EncodePEM returns a certificate and its key as PEM, for who reads files.
func EncodePEM(t testing.TB, cert tls.Certificate) (certificate, key []byte) {
	t.Helper()
	for _, der := range cert.Certificate {
		certificate = append(certificate, certPEM(der)...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatalf("encode the key: %v", err)
	}
	return certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
