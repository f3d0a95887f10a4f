package jobs

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "rewrite openapi.json")

// TestOpenAPIIsCurrent compares the checked-in description with the routes.
func TestOpenAPIIsCurrent(t *testing.T) {
	got, err := describe()
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *rewrite {
		if err := os.WriteFile("openapi.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got, OpenAPI()) {
		t.Error("openapi.json is not what the routes say; go test ./jobs -run TestOpenAPI -rewrite")
	}
}
