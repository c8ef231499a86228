package blob_test

import (
	"fmt"
	"io"
	"net/url"
	"testing"

	"github.com/longhaul-mcp/longhaul/blob"
)

// The URL of a request to Azure may have the signature in it that lets whoever knows it in.
func TestAnErrorHasNoURL(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("blob: %w", &url.Error{Op: "Put", URL: "https://a.blob.core.windows.net/results/x?sig=secret", Err: io.ErrUnexpectedEOF})
	if got, want := blob.Plainly(err).Error(), "unexpected EOF"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
