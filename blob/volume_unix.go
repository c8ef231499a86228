//go:build unix

package blob

import (
	"os"
	"path/filepath"
	"syscall"
)

// isVolume reports that the directory is on another device than the one above it.
func isVolume(dir string) bool {
	here, above := device(dir), device(filepath.Dir(dir))
	return here != nil && above != nil && *here != *above
}

func device(dir string) *uint64 {
	info, err := os.Stat(dir)
	if err != nil {
		return nil
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	dev := uint64(st.Dev) //nolint:unconvert // its type is another one elsewhere
	return &dev
}
