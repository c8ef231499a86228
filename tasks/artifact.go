package tasks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// ArtifactStore is where an attempt keeps what is too large for a result. A Runtime may implement it; otherwise there are no artifacts.
type ArtifactStore interface {
	// Keeps reports whether there is a place for artifacts.
	Keeps() bool
	// Keep stores an artifact by its name, which later attempts know too, and returns its size.
	Keep(ctx context.Context, name, mimeType string, content io.Reader) (size int64, err error)
}

// ErrNoBlobStore: there is no place for artifacts.
var ErrNoBlobStore = errors.New("artifacts need a blob store: start this worker, and the servers, with -blob")

const maxArtifactName = 128

// Artifact stores a file of any size, in bounded memory, and returns a link to it, to be put into the tool's result as content or in a field
// of its own. Clients read it with resources/read until the task is forgotten.
//
// The name tells the artifacts of a task apart, and may have slashes; a later artifact replaces an earlier one of the same name, even an
// earlier attempt's. It is durable when Artifact returns. While the blob store does not answer Artifact tries again if content can be rewound
// (an io.Seeker, such as a file); if it cannot, or if content breaks off, the error is returned. ErrNoBlobStore: there is no blob store.
func (a *Attempt) Artifact(ctx context.Context, name, mimeType string, content io.Reader) (*mcp.ResourceLink, error) {
	if err := validArtifact(name); err != nil {
		return nil, Permanent(err)
	}
	if !a.CanKeep() {
		return nil, Permanent(ErrNoBlobStore)
	}
	size, err := a.artifacts.Keep(ctx, name, mimeType, content)
	if err != nil {
		return nil, fmt.Errorf("artifact %s: %w", name, err)
	}
	return &mcp.ResourceLink{URI: ArtifactURI(a.task, name), Name: name, MIMEType: mimeType, Size: &size}, nil
}

// CanKeep reports whether there is a blob store that Artifact can write to.
func (a *Attempt) CanKeep() bool { return a.artifacts != nil && a.artifacts.Keeps() }

// validArtifact explains what is wrong with a name. Names are put into URIs and read by people, and must not climb out of their directory.
func validArtifact(name string) error {
	odd := func(r rune) bool { return unicode.IsControl(r) || r == '\\' }
	if name == "" || len(name) > maxArtifactName || !utf8.ValidString(name) || strings.ContainsFunc(name, odd) {
		return fmt.Errorf("artifact %.150q: a name has 1 to %d bytes of text, without control characters and backslashes", name, maxArtifactName)
	}
	for element := range strings.SplitSeq(name, "/") {
		if element == "" || element == "." || element == ".." {
			return fmt.Errorf("artifact %q: what is between slashes cannot be empty, nor . or .. as in a path", name)
		}
	}
	return nil
}

// URIScheme is what the URIs of Longhaul's own resources begin with.
const URIScheme = "longhaul://"

// What a task has left is read by these URIs.
const (
	tasksURI    = URIScheme + "tasks/"
	resultPath  = "/result"
	artifactDir = "/artifacts/"
)

// ResultURI returns the URI of a task's whole result.
func ResultURI(id ID) string { return tasksURI + string(id) + resultPath }

// ArtifactURI returns the URI of one of a task's artifacts.
func ArtifactURI(id ID, name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return tasksURI + string(id) + artifactDir + strings.Join(parts, "/")
}

// ParseURI reads what ResultURI or ArtifactURI returned; artifact is empty for a result, and query is what follows a question mark.
// ErrNotFound: it is no such URI.
func ParseURI(uri string) (id ID, artifact, query string, err error) {
	rest, ok := strings.CutPrefix(uri, tasksURI)
	rest, query, _ = strings.Cut(rest, "?")
	text, path, slash := strings.Cut(rest, "/")
	if !ok || !slash {
		return "", "", "", ErrNotFound
	}
	if id, err = ParseID(text); err != nil {
		return "", "", "", ErrNotFound
	}
	if "/"+path == resultPath {
		return id, "", query, nil
	}
	escaped, ok := strings.CutPrefix("/"+path, artifactDir)
	name, err := url.PathUnescape(escaped)
	if !ok || err != nil || validArtifact(name) != nil {
		return "", "", "", ErrNotFound
	}
	return id, name, query, nil
}
