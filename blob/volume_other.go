//go:build !unix

package blob

// isVolume cannot be told here.
func isVolume(string) bool { return false }
