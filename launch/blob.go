package launch

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/longhaul-mcp/longhaul/blob"
)

const blobTimeout = 15 * time.Second

// openBlobs opens the blob store of -blob, or, for an embedded store, a directory that vanishes with it; nil if there is none.
func (p *parts) openBlobs(ctx context.Context, o *options) (err error) {
	address := o.blob
	if address == "" && o.embedded() {
		dir, err := os.MkdirTemp("", "longhaul-results-")
		if err != nil {
			return fmt.Errorf("a directory for large results: %w", err)
		}
		p.closers = append(p.closers, func() { _ = os.RemoveAll(dir) })
		address = "file://" + dir
	}
	if address == "" {
		return nil
	}
	if p.blobs, err = openBlobs(ctx, address); err != nil {
		return err
	}
	p.closers = append(p.closers, func() { _ = p.blobs.Close() })
	return nil
}

// openBlobs opens a blob store and tries whether it can be used: otherwise the first to find out would be a result that took hours.
func openBlobs(ctx context.Context, address string) (*blob.Store, error) {
	ctx, cancel := context.WithTimeout(ctx, blobTimeout)
	defer cancel()
	b, err := blob.Open(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("-blob: %w", err)
	}
	if err := b.Check(ctx); err != nil {
		_ = b.Close()
		return nil, fmt.Errorf("-blob: cannot %w", err)
	}
	return b, nil
}

// checkBlobs tries the blob store for -check.
func (o *options) checkBlobs(ctx context.Context) error {
	if o.blob == "" {
		return nil
	}
	b, err := openBlobs(ctx, o.blob)
	if err != nil {
		return err
	}
	return b.Close()
}
