// Package configfile reads the file that -config names: one for all processes, of which each uses its parts.
//
//	file, err := configfile.Read("longhaul.yaml", configfile.Options{Works: true})
//
// It is strict. An error says of every slip in the file where it is, in order of line, and what may have been meant.
//
// Each kind of value is a kind: how it is read, and how the schema that editors use (Schema, published as longhaul.schema.json) describes
// it. So the tables of keys, in client.go, tool.go, policy.go and server.go, are all there is to say about a key.
package configfile
