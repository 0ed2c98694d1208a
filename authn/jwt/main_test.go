package jwt_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain finds goroutines that outlive their scope.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
