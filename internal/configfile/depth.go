package configfile

import "github.com/goccy/go-yaml/token"

// maxDepth bounds how deep brackets may be nested: what the parser needs for them grows with the square of that.
const maxDepth = 200

// tooDeep is the bracket that is too many; nil: there is none.
func tooDeep(tokens token.Tokens) *token.Token {
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			if depth++; depth > maxDepth {
				return t
			}
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
	}
	return nil
}
