package hours_test

import (
	"testing"
	"time"

	"github.com/seed-f9645bd3/gateway/examples/hours"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
)

func TestClosedAtNight(t *testing.T) {
	t.Parallel()
	night := func() time.Time { return time.Date(2026, 1, 1, 23, 0, 0, 0, time.UTC) }
	stages := gatewaytest.Build(t, hours.New(night), `{"from": 9, "to": 17}`)
	got := gatewaytest.Run(t, stages[0], gatewaytest.NewExchange("GET", "/"))
	if got.Status != 503 || got.Code != "closed" {
		t.Fatalf("got %d %s", got.Status, got.Code)
	}
}

func TestOpenByDay(t *testing.T) {
	t.Parallel()
	noon := func() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) }
	stages := gatewaytest.Build(t, hours.New(noon), `{"from": 9, "to": 17}`)
	if got := gatewaytest.Run(t, stages[0], gatewaytest.NewExchange("GET", "/")); got.Status != 200 {
		t.Fatalf("got %d %s", got.Status, got.Code)
	}
}
