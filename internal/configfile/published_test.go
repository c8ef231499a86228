package configfile

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/longhaul-mcp/longhaul/tasks"
)

const published = "../../longhaul.schema.json"

func TestTheSchemaIsPublished(t *testing.T) {
	t.Parallel()
	now, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(published, now, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	was, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(was), string(now)); diff != "" {
		t.Errorf("longhaul.schema.json is not of these keys: go test ./internal/configfile -update\n%s", diff)
	}
}

// beyond begins the names of bad files in which nothing is wrong that a schema could see: it does not know names that are taken, what is
// referred to, the syntax of placeholders, and what has to go together.
var beyond = []string{
	"client-anchor", "client-bare-star", "client-three-times", "client-key-twice", "client-name-long", "client-twice",
	"file-no-yaml", "file-part-twice", "file-second-document", "file-tab",
	"policy-before-many", "policy-concurrency", "policy-delay", "policy-rate-long", "policy-refuse", "policy-timeout-long", "policy-window", "policy-queue",
	"schema-circle", "schema-const-infinite", "schema-default", "schema-key", "schema-keyword", "schema-pattern", "schema-reference", "schema-required", "schema-type", "schema-types", "schema-values",
	"server-allow", "server-both", "server-command-", "server-env-", "server-headers-", "server-nowhere", "server-prefix", "server-reference-", "server-tool-policy", "server-tool-taken", "server-twice", "server-url",
	"tool-argument-unknown", "tool-built-in", "tool-code", "tool-command-empty", "tool-env-missing", "tool-env-name", "tool-env-own", "tool-env-placeholder", "tool-env-spreads", "tool-file-", "tool-handle", "tool-limits-infinite", "tool-pass", "tool-placeholder-", "tool-program-template", "tool-secret-argument", "tool-twice",
}

func TestTheSchemaAgreesWithTheReader(t *testing.T) {
	t.Parallel()
	raw, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	schema, err := tasks.CompileSchema(raw)
	if err != nil {
		t.Fatal(err)
	}
	fits := func(path string) error {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := yaml.YAMLToJSON(text)
		if err != nil || !json.Valid(doc) {
			return nil // editors say so themselves
		}
		return schema.Validate(doc)
	}
	for name, path := range examples(t, "good") {
		if err := fits(path); err != nil {
			t.Errorf("good/%s: the schema refuses it: %v", name, err)
		}
	}
	for name, path := range examples(t, "bad") {
		hidden := slices.ContainsFunc(beyond, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		if err := fits(path); (err != nil) == hidden {
			t.Errorf("bad/%s: the schema says %v", name, err)
		}
	}
}

// The good files use every key, so that each is read, and found in the schema.
func TestEveryKeyIsTried(t *testing.T) {
	t.Parallel()
	raw, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	for _, path := range examples(t, "good") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := yaml.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		note(used, "", doc)
	}
	keys := 0
	walk(&schema, &schema, "", func(path string) {
		keys++
		if !used[path] && path != "/tools/user" { // needs root
			t.Errorf("no good file has %s", path)
		}
	})
	if keys < 80 {
		t.Errorf("the schema has only %d keys", keys)
	}
}

func TestEveryPolicyHasAKey(t *testing.T) {
	t.Parallel()
	p := reflect.TypeFor[tasks.Policy]()
	for i := range p.NumField() {
		name, _, _ := strings.Cut(p.Field(i).Tag.Get("json"), ",")
		if policyKeys.shape.Properties[name] == nil {
			t.Errorf("no key for %s", name)
		}
	}
	if p.NumField() != len(policyKeys.shape.Properties) {
		t.Errorf("%d keys for %d fields", len(policyKeys.shape.Properties), p.NumField())
	}
}

func TestReadmeHasEveryKey(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Tools from anywhere\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, shape := range []*jsonschema.Schema{tool.shape, mcpServer.shape, annotations.shape, limits.shape, cgroup.shape} {
		for name := range shape.Properties {
			if !strings.Contains(section, "`"+name+"`") {
				t.Errorf("nothing of %s", name)
			}
		}
	}
}

// note notes the paths of all members of a document. Names that authors choose are left out: of env, headers and the tools of a server.
func note(used map[string]bool, path string, doc any) {
	switch doc := doc.(type) {
	case []any:
		for _, entry := range doc {
			note(used, path, entry)
		}
	case map[string]any:
		for name, v := range doc {
			deeper := path + "/" + name
			switch {
			case path == "/servers/tools":
				deeper = path + "/*"
			case name == "policy": // one for all
				used[deeper], deeper = true, "/policy"
			}
			used[deeper] = true
			note(used, deeper, v)
		}
	}
}

func walk(root, s *jsonschema.Schema, path string, visit func(string)) {
	if s.Ref != "" {
		path = strings.TrimPrefix(s.Ref, "#/$defs")
		s = root.Defs[path[1:]]
	}
	for name, p := range s.Properties {
		if s.Properties["type"] != nil { // a JSON schema: what is in it is its author's
			return
		}
		visit(path + "/" + name)
		walk(root, p, path+"/"+name, visit)
	}
	if s.Items != nil {
		walk(root, s.Items, path, visit)
	}
	if s.AdditionalProperties != nil {
		walk(root, s.AdditionalProperties, path+"/*", visit)
	}
}
