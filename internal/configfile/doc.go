// Package configfile reads the file that -config names. One file serves all processes; each uses its own parts of it.
//
//	file, err := configfile.Read("longhaul.yaml", configfile.Options{Works: true})
//
// It is strict: an error tells of every mistake in the file, in order of line, where it is and what may have been meant.
//
// How a value is read, and how the schema that editors use (Schema, published as longhaul.schema.json) describes it, is one thing, a kind
// (kind.go). So the tables of keys, in client.go, tool.go, policy.go and server.go, say all there is to say about a key. file.go begins the
// reading, object.go and value.go read what is there, and check.go finds the place of a mistake that concerns several values.
package configfile
