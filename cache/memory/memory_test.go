package memory_test

import (
	"testing"

	"github.com/seed-f9645bd3/gateway/cache"
	"github.com/seed-f9645bd3/gateway/cache/memory"
	"github.com/seed-f9645bd3/gateway/gatewaytest"
)

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	gatewaytest.TestStore(t, func(testing.TB) cache.Store { return memory.New(memory.Config{}) })
}
