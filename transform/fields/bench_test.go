package fields_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform/fields"
)

// BenchmarkSelectByGrant measures an exchange whose answer has 1 and 64 KiB.
func BenchmarkSelectByGrant(b *testing.B) {
	record := `{"id": 48213, "name": "Ada Lovelace", "ssn": "123-45-6789", "address": {"city": "London"}, "active": true},`
	for size, content := range map[string]string{
		"1KiB": "[" + strings.Repeat(record, 9) + "{}]", "64KiB": "[" + strings.Repeat(record, 600) + "{}]",
	} {
		b.Run(size, func(b *testing.B) {
			grant := &pipeline.Grant{Fields: []string{"id", "name", "address.city"}}
			in := gatewaytest.NewExchange("GET", "/").In
			body := strings.NewReader(content)
			h := pipeline.Chain(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
				body.Reset(content)
				resp := pipeline.Respond(x, http.StatusOK, "application/json", nil)
				resp.Body, resp.ContentLength = io.NopCloser(body), int64(len(content))
				return resp, nil
			}, stage(b, fields.Config{By: "grant"}))
			buf := make([]byte, 32<<10)
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				resp, err := h(b.Context(), &pipeline.Exchange{In: in, Grant: grant})
				for err == nil {
					_, err = resp.Body.Read(buf)
				}
				if err != io.EOF {
					b.Fatal(err)
				}
			}
		})
	}
}
