package json

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestSampleOfFiles finds the columns of all files, also behind a long first one.
func TestSampleOfFiles(t *testing.T) {
	var files []File
	for i, text := range []string{strings.Repeat("{\"a\":1}\n", 3*sampleRecords), "{\"b\":\"x\"}\n", "", "{\"a\":1.5}"} {
		files = append(files, File{Name: fmt.Sprint(i), Size: int64(len(text)), Open: func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(text)), nil
		}})
	}
	tab, err := Open("all", files, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := tab.Schema().String(); got != "(a DOUBLE, b VARCHAR)" {
		t.Errorf("schema %s", got)
	}
}
