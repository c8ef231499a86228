package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

const minSecret = 32 // characters of a key

// secret returns where the keys that sign requestState come from. Nil: from Redis.
func (o *options) secret() func(context.Context) (string, error) {
	if o.secretFile == "" {
		return nil
	}
	return secretFile(o.secretFile)
}

// secretFile reads the keys from a file, anew each time: replacing the file replaces the keys while replicas run.
func secretFile(path string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return readSecret(path) }
}

func readSecret(path string) (string, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return "", errors.New("it is not a regular file, so it could not be read a second time")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return string(b), checkSecret(string(b))
}

func checkSecret(text string) error {
	keys := strings.Fields(text)
	if len(keys) == 0 {
		return errors.New("it holds no key: write one by `openssl rand -hex 32`")
	}
	for i, key := range keys {
		if len(key) < minSecret {
			return fmt.Errorf("key %d has %d characters, at least %d are needed: write one by `openssl rand -hex 32`", i+1, len(key), minSecret)
		}
	}
	return nil
}
