package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/internal/spelling"
)

const defaultURL = "http://127.0.0.1:8080/mcp"

// profile is one server of the configuration file.
type profile struct {
	URL       string `yaml:"url"`
	Token     string `yaml:"token"`
	TokenFile string `yaml:"token_file"`
	TokenEnv  string `yaml:"token_env"`
}

type config struct {
	Default  string             `yaml:"default"`
	Profiles map[string]profile `yaml:"profiles"`
}

// standard is the profile that is used where none is named: the only one, if there is no word on it.
func (c config) standard() string {
	if names := slices.Collect(maps.Keys(c.Profiles)); c.Default == "" && len(names) == 1 {
		return names[0]
	}
	return c.Default
}

// lineOf is where a profile's token_env is in the file; 0: nobody knows.
func lineOf(file []byte, profile string) int {
	path, err := yaml.PathString("$.profiles." + profile + ".token_env")
	if err != nil {
		return 0
	}
	node, err := path.ReadNode(bytes.NewReader(file))
	if err != nil {
		return 0
	}
	return node.GetToken().Position.Line
}

// configPath is where the configuration is, on the systems that have such a place.
func (a *app) configPath() string {
	dir := a.getenv("XDG_CONFIG_HOME")
	if dir == "" {
		if a.getenv("HOME") == "" {
			return ""
		}
		dir = filepath.Join(a.getenv("HOME"), ".config")
	}
	return filepath.Join(dir, "longhaul", "config.yaml")
}

// readConfig reads the configuration file. None is an empty one.
func (a *app) readConfig() (config, error) {
	var c config
	path := a.configPath()
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || path == "" {
		return c, nil
	}
	if err != nil {
		return c, &usageError{err}
	}
	if err := yaml.UnmarshalWithOptions(b, &c, yaml.Strict()); err != nil {
		return c, usage("%s: %s", path, yaml.FormatError(err, false, true))
	}
	for name, p := range c.Profiles {
		if p.Token != "" && p.TokenEnv != "" {
			return c, usage("%s:%d: profile %s has both token and token_env: which?", path, lineOf(b, name), name)
		}
	}
	for _, p := range c.Profiles {
		if p.Token != "" {
			a.warnReadable(path)
			break
		}
	}
	return c, nil
}

// warnReadable: a token that others can read is theirs too.
func (a *app) warnReadable(path string) {
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		fmt.Fprintf(a.errs, "longhaul: warning: others can read the token in %s: chmod 600 %s\n", path, path)
	}
}

// profile is the server that the flags and the configuration choose.
func (a *app) profile() (profile, error) {
	c, err := a.readConfig()
	if err != nil {
		return profile{}, err
	}
	name := a.Profile
	if name == "" && a.URL == "" { // a token goes to no server but its own
		name = c.standard()
	}
	var p profile
	if name != "" {
		var ok bool
		if p, ok = c.Profiles[name]; !ok {
			return p, usage("no profile %q in %s%s", name, a.configPath(), spelling.Suggestion(name, slices.Sorted(maps.Keys(c.Profiles))))
		}
	}
	if a.URL != "" {
		p.URL = a.URL
	}
	if p.URL == "" {
		p.URL = defaultURL
	}
	return p, nil
}

// token is what the flags or else the profile say.
func (a *app) token(p profile) (string, error) {
	switch {
	case a.Token != "":
		return a.Token, nil
	case p.Token != "":
		return p.Token, nil
	case p.TokenEnv != "":
		if v := a.getenv(p.TokenEnv); v != "" {
			return v, nil
		}
		return "", usage("%s, the profile's token_env, is not set", p.TokenEnv)
	case p.TokenFile != "":
		a.warnReadable(p.TokenFile)
		b, err := os.ReadFile(p.TokenFile)
		if err != nil {
			return "", usage("token_file: %w", err)
		}
		return strings.TrimSpace(string(b)), nil
	}
	return "", nil
}

// dial connects to the chosen server.
func (a *app) dial(opts client.Options) (*client.Client, error) {
	p, err := a.profile()
	if err != nil {
		return nil, err
	}
	token, err := a.token(p)
	if err != nil {
		return nil, err
	}
	if token != "" {
		opts.Token = func(context.Context) (string, error) { return token, nil }
	}
	if err := errors.Join(checkURL(p.URL), checkRevision(a.Revision)); err != nil {
		return nil, err
	}
	opts.Name, opts.Version, opts.Revision = "longhaul-cli", version, a.Revision
	c, err := client.Dial(a.ctx, p.URL, opts)
	if err != nil {
		return nil, dialed(p.URL, err)
	}
	return c, nil
}
