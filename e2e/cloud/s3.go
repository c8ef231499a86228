package cloud

import (
	"os"
	"path/filepath"
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
	return c
}
