package reference

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// MaxFile is how many bytes a file may have that is referred to.
const MaxFile = 64 << 10

// Is reports whether what is between ${ and } is a reference: env:NAME or file:PATH.
func Is(inside string) bool {
	kind, name, _ := strings.Cut(inside, ":")
	return (kind == "env" || kind == "file") && name != ""
}

// Lookup finds what a reference stands for now.
func Lookup(inside, base string) (string, error) {
	kind, name, _ := strings.Cut(inside, ":")
	var found string
	var err error
	if kind == "env" {
		found, err = variable(name)
	} else {
		found, err = file(name, base)
	}
	if err == nil && strings.ContainsRune(found, 0) {
		err = errors.New("it has a NUL, which is no text")
	}
	if err != nil {
		return "", fmt.Errorf("${%s}: %w", inside, err)
	}
	return found, nil
}

func variable(name string) (string, error) {
	found, ok := os.LookupEnv(name)
	if !ok {
		return "", errors.New("this process has no such variable")
	}
	return found, nil
}

func file(path, base string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(base, path)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no file %s", path)
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	switch {
	case err != nil:
		return "", err
	case len(b) > MaxFile:
		return "", fmt.Errorf("%s has more than %d bytes", path, MaxFile)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}
