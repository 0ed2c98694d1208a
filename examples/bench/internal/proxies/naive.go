package proxies

import (
	"crypto/rsa"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/time/rate"

	"github.com/seed-f9645bd3/gateway/examples/bench/internal/control"
	"github.com/seed-f9645bd3/gateway/examples/bench/internal/traffic"
)

// Naive returns the reverse proxy behind middleware of popular libraries, each
// used as its page shows: golang-jwt verifies every token, x/time/rate limits
// each consumer, Prometheus counts and zap logs every request. It does less
// than the full chain of the gateway: no directory, addresses, cache, masking,
// breaker, retry or timeout.
func Naive(p control.Place) (http.Handler, error) {
	key, err := traffic.PublicKey(p.Dir)
	if err != nil {
		return nil, err
	}
	discarded, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.Lock(discarded), zap.InfoLevel))
	return recorded(log, measured(authenticated(key, limited(proxy(p))))), nil
}

// claims are those that the middleware reads.
type claims struct {
	Scope    string `json:"scope"`
	ClientID string `json:"client_id"`
	jwt.RegisteredClaims
}

const consumerField = "X-Consumer"

func authenticated(key *rsa.PublicKey, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c claims
		text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		_, err := jwt.ParseWithClaims(text, &c, func(*jwt.Token) (any, error) { return key, nil },
			jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(traffic.Issuer), jwt.WithAudience(traffic.Audience))
		if err != nil || !strings.Contains(c.Scope, traffic.Scope) {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		r.Header.Del("Authorization")
		r.Header.Set(consumerField, c.ClientID)
		next.ServeHTTP(w, r)
	})
}

func limited(next http.Handler) http.Handler {
	var mu sync.Mutex
	limiters := map[string]*rate.Limiter{}
	of := func(consumer string) *rate.Limiter {
		mu.Lock()
		defer mu.Unlock()
		l, found := limiters[consumer]
		if !found {
			l = rate.NewLimiter(1e9, 1e9)
			limiters[consumer] = l
		}
		return l
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !of(r.Header.Get(consumerField)).Allow() {
			http.Error(w, "too many requests", http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func measured(next http.Handler) http.Handler {
	registry := prometheus.NewRegistry()
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total"}, []string{"method", "code"})
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "request_seconds"}, []string{"method", "code"})
	registry.MustRegister(requests, duration)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, s := time.Now(), &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(s, r)
		code := strconv.Itoa(s.status)
		requests.WithLabelValues(r.Method, code).Inc()
		duration.WithLabelValues(r.Method, code).Observe(time.Since(began).Seconds())
	})
}

func recorded(log *zap.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, s := time.Now(), &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(s, r)
		log.Info("request", zap.String("method", r.Method), zap.String("host", r.Host), zap.String("path", r.URL.Path),
			zap.String("proto", r.Proto), zap.String("remote", r.RemoteAddr), zap.Int("status", s.status),
			zap.Int64("bytes", s.bytes), zap.Duration("took", time.Since(began)))
	})
}

// A statusWriter remembers what was answered.
type statusWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController find what it needs.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
