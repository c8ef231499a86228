package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/gcsblob" // gs://
	"gocloud.dev/blob/memblob"
	_ "gocloud.dev/blob/s3blob" // s3://
	"gocloud.dev/gcp"
)

// Store keeps objects in one bucket, or one directory. It may be used by many goroutines at once.
type Store struct {
	name   string // its URL, without what may be secret
	bucket *blob.Bucket
	tidy   bool   // its driver drops half an object when the content breaks off; other drivers make an object of it
	dir    string // the directory; empty: it is a bucket
	volume bool   // something was mounted at dir when it was opened

	readPatience, writePatience time.Duration
}

// Open opens a store by its URL: file:///directory (?create=true makes it), s3://bucket?region=…, gs://bucket, azblob://container, or mem://
// (for tests). It does not find out whether the store can be used: Check does.
func Open(ctx context.Context, address string) (*Store, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("it is no URL: " + usage)
	}
	s := &Store{
		name: u.Scheme + "://" + u.Host + u.Path, tidy: u.Scheme == "s3" || u.Scheme == "azblob",
		readPatience: readPatience, writePatience: writePatience,
	}
	switch u.Scheme {
	case "file":
		err = s.openDirectory(u)
	case "mem":
		s.bucket = memblob.OpenBucket(nil)
	case "s3", "gs", "azblob":
		if u.Host == "" {
			return nil, fmt.Errorf("%s names no bucket: %s", s.name, usage)
		}
		s.bucket, err = openBucket(ctx, u)
	default:
		return nil, fmt.Errorf("%.100q: %s", address, usage)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return s, nil
}

// openBucket opens a bucket with the credentials of the environment.
func openBucket(ctx context.Context, u *url.URL) (*blob.Bucket, error) {
	q := u.Query()
	switch {
	case u.Scheme == "s3" && q.Has("endpoint") && !q.Has("use_path_style"):
		q.Set("use_path_style", "true") // few stores but Amazon's have a DNS name for each bucket
		u.RawQuery = q.Encode()
	case u.Scheme == "gs" && os.Getenv("STORAGE_EMULATOR_HOST") == "" && q.Get("anonymous") != "true":
		if _, err := gcp.DefaultCredentials(ctx); err != nil { // the driver would go on without credentials
			return nil, err
		}
	}
	return blob.OpenBucket(ctx, u.String())
}

const usage = "write file:///directory (one that all processes share), s3://bucket?region=…, gs://bucket or azblob://container"

// openDirectory opens an existing directory, and creates it only if the URL says so: if a volume is not mounted, its directory must not be created
// on the disk beneath. Files get their names by a rename within the directory, not from a temporary directory elsewhere.
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
	s.volume = isVolume(s.dir)
	s.bucket, err = fileblob.OpenBucket(s.dir, &fileblob.Options{DirFileMode: private, NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	return err
}

// present explains if the directory is gone, or no longer a mounted volume: what is written beside a volume is hidden once it is mounted again.
func (s *Store) present() error {
	if s.dir == "" {
		return nil
	}
	if _, err := os.Stat(s.dir); err != nil {
		return err
	}
	if s.volume && !isVolume(s.dir) {
		return fmt.Errorf("nothing is mounted at %s any more", s.dir)
	}
	return nil
}

// private is the mode of directories: results are for their owners only.
const private = 0o700

// String returns the store's URL, without what may be secret.
func (s *Store) String() string { return s.name }

// Close lets go of the store.
func (s *Store) Close() error { return s.bucket.Close() }
