package mask_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-f9645bd3/gateway/gatewaytest"
	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/transform/mask"
)

// BenchmarkMask measures an exchange whose answer has 1 and 64 KiB; what the
// exchange costs without the stage is measured beside it.
func BenchmarkMask(b *testing.B) {
	record := `{"id": 48213, "name": "Ada Lovelace", "ssn": "123-45-6789", "address": {"city": "London"}, "active": true},`
	for size, content := range map[string]string{
		"1KiB": "[" + strings.Repeat(record, 9) + "{}]", "64KiB": "[" + strings.Repeat(record, 600) + "{}]",
	} {
		for name, stages := range map[string][]pipeline.Stage{"without": nil, "masked": {stage(b, ssn())}, "lifted": {stage(b, mask.Config{Fields: []string{"ssn"}, UnlessPII: true})}} {
			b.Run(size+" "+name, func(b *testing.B) {
				grant := &pipeline.Grant{PII: true}
				in := gatewaytest.NewExchange("GET", "/").In
				body := strings.NewReader(content)
				h := pipeline.Chain(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
					body.Reset(content)
					resp := pipeline.Respond(x, http.StatusOK, "application/json", nil)
					resp.Body, resp.ContentLength = io.NopCloser(body), int64(len(content))
					return resp, nil
				}, stages...)
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
}
