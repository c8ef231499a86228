package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/gcsblob" // gs://
	"gocloud.dev/blob/memblob"
	_ "gocloud.dev/blob/s3blob" // s3://
)

// Store keeps objects in one bucket, or one directory. It may be used by many goroutines at once.
type Store struct {
	name   string // its URL, without what may be secret
	bucket *blob.Bucket
	dir    string // of a directory: where it is
}

// Open opens a store by its URL: file:///directory (?create=true makes it), s3://bucket?region=…, gs://bucket, azblob://container, or mem:// (for tests). Whether
// it works is what Check finds out.
func Open(ctx context.Context, address string) (*Store, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("it is no URL: " + usage)
	}
	s := &Store{name: u.Scheme + "://" + u.Host + u.Path}
	switch u.Scheme {
	case "file":
		err = s.openDirectory(u)
	case "mem":
		s.bucket = memblob.OpenBucket(nil)
	case "s3", "gs", "azblob":
		if u.Host == "" {
			return nil, fmt.Errorf("%s names no bucket: %s", s.name, usage)
		}
		s.bucket, err = blob.OpenBucket(ctx, address)
	default:
		return nil, fmt.Errorf("%.100q: %s", address, usage)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return s, nil
}

const usage = "write file:///directory (one that all processes share), s3://bucket?region=…, gs://bucket or azblob://container"

// openDirectory opens a directory that is there, or makes it if the URL says so: where a volume is not mounted its directory must not be made
// on the disk beneath. A name that a file will have is made by a rename, within the directory.
func (s *Store) openDirectory(u *url.URL) (err error) {
	create := u.RawQuery == "create=true"
	if u.Host != "" || !filepath.IsAbs(u.Path) || u.RawQuery != "" && !create {
		return errors.New("write file:// and an absolute path, with nothing after it but ?create=true: file:///var/lib/longhaul")
	}
	s.dir = filepath.Clean(u.Path)
	if create {
		err = os.MkdirAll(s.dir, private)
	} else if _, err = os.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no such directory: mount or make it, or write file://%s?create=true", s.dir)
	}
	if err != nil {
		return err
	}
	s.bucket, err = fileblob.OpenBucket(s.dir, &fileblob.Options{DirFileMode: private, NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	return err
}

// private: results are for their owners only.
const private = 0o700

// String is the store's URL, without what may be secret.
func (s *Store) String() string { return s.name }

// Close lets go of the store.
func (s *Store) Close() error { return s.bucket.Close() }
