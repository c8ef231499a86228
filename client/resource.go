package client

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// Resource is what a server answers to resources/read.
type Resource struct {
	URI      string
	MIMEType string
	Content  []byte // text as it is, anything else decoded
	Size     int64  // of the whole, of which this may be a part (Longhaul servers)
}

// Read reads a resource. Servers bound the size of one answer: CopyResource reads larger resources.
func (c *Client) Read(ctx context.Context, uri string) (*Resource, error) {
	raw, err := c.persist(ctx, &request{method: wire.MethodResourcesRead, name: uri, params: object{"uri": uri}, limit: quick})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Contents []struct {
			URI, MIMEType string
			Text          *string
			Blob          []byte
			Meta          struct {
				Size int64 `json:"dev.longhaul/size"`
			} `json:"_meta"`
		}
	}
	if err := tasks.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("resources/read: %w", err)
	}
	if len(answer.Contents) == 0 {
		return nil, fmt.Errorf("resources/read: %s has no contents", uri)
	}
	first := answer.Contents[0]
	r := &Resource{URI: first.URI, MIMEType: first.MIMEType, Content: first.Blob, Size: first.Meta.Size}
	if first.Text != nil {
		r.Content = []byte(*first.Text)
	}
	return r, nil
}

// partSize is how much of a large resource is read at once.
const partSize = 4 << 20

// CopyResource writes all of a resource, whatever its size: what a Longhaul task has left is read in parts. wrote is called after each part
// with how much is written so far; nil: nobody is told.
func (c *Client) CopyResource(ctx context.Context, to io.Writer, uri string, wrote func(bytes, size int64)) error {
	if !strings.HasPrefix(uri, tasks.URIScheme) || strings.Contains(uri, "?") {
		r, err := c.Read(ctx, uri)
		if err == nil {
			_, err = to.Write(r.Content)
		}
		return err
	}
	for offset := int64(0); ; {
		r, err := c.Read(ctx, fmt.Sprintf("%s?bytes=%d-%d", uri, offset, offset+partSize-1))
		if err != nil {
			return err
		}
		if _, err := to.Write(r.Content); err != nil {
			return err
		}
		offset += int64(len(r.Content))
		if wrote != nil {
			wrote(offset, r.Size)
		}
		if offset >= r.Size {
			return nil
		}
		if len(r.Content) == 0 {
			return fmt.Errorf("%s ends after %d bytes of %d", uri, offset, r.Size)
		}
	}
}
