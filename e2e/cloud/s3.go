package cloud

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// S3 starts versitygw, which keeps a bucket as a directory. It checks signatures and checksums.
func S3(t testing.TB) *Cloud {
	t.Helper()
	program := installed(t, "bin", "versitygw")
	dir, aside := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, Bucket), 0o700); err != nil {
		t.Fatal(err)
	}
	c := start(t, "S3", func(addr, _ string) (string, []string) {
		return program, []string{"--port", addr, "--access", "longhaul", "--secret", "secret", "--quiet", "posix", "--sidecar", aside, dir}
	})
	c.URL = "s3://" + Bucket + "?region=us-east-1&use_path_style=true&endpoint=http://" + c.Addr
	c.Env = []string{"AWS_ACCESS_KEY_ID=longhaul", "AWS_SECRET_ACCESS_KEY=secret"}
	c.Dir = filepath.Join(dir, Bucket)
	c.objects = func() ([]string, error) { return files(c.Dir) }
	return c
}

// Uploads are those of S3's that nobody has ended.
func (c *Cloud) Uploads(t testing.TB) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(c.Dir, ".sgwtmp", "multipart", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// files are those below a directory.
func files(dir string) (names []string, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // meanwhile
			return nil
		case err == nil && !e.IsDir():
			names = append(names, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	return names, err
}
