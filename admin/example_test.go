package admin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-f9645bd3/gateway/admin"
)

func ExampleNew() {
	// control is what the gateway implements.
	handler := admin.New(control{serving: true})

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:9901/readyz", nil))
	fmt.Print(w.Code, " ", w.Body)
	// Output: 200 ready
}
