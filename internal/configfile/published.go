package configfile

import (
	"encoding/json"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema is the JSON schema of a file, for editors. It knows the keys and the shapes of their values; what has to go together, and what is
// referred to, only Read knows.
func Schema() ([]byte, error) {
	s := *file.shape
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "Longhaul's configuration (-config)"
	s.Defs = map[string]*jsonschema.Schema{"policy": policyKeys.shape}
	b, err := json.MarshalIndent(&s, "", "  ")
	return append(b, '\n'), err
}
