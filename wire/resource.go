package wire

import (
	"bytes"
	"encoding/json"
)

// CodeNoResource is what revisions before 2026-07-28 say of a resource that there is none of; later ones say CodeInvalidParams (resources,
// Error Handling).
const CodeNoResource = -32002

// Resource is a resource as resources/list shows it.
type Resource struct {
	URI         string `json:"uri"`
	Name        string `json:"name"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	MIMEType    string `json:"mimeType,omitempty"`
	Size        int64  `json:"size,omitempty"`
}

// ResourceTemplate is a family of resources as resources/templates/list shows it.
type ResourceTemplate struct {
	URITemplate string `json:"uriTemplate"`
	Name        string `json:"name"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	MIMEType    string `json:"mimeType,omitempty"`
}

// Listed is either of these as its list shows it.
func Listed[T Resource | ResourceTemplate](r T) json.RawMessage { return encode(r) }

// Resources is a page of resources/list, and ResourceTemplates one of resources/templates/list. A server means revision 2026-07-28.
func Resources(page []json.RawMessage, next string, server *Implementation) json.RawMessage {
	return listing("resources", page, next, server)
}

// ResourceTemplates is a page of resources/templates/list.
func ResourceTemplates(page []json.RawMessage, next string, server *Implementation) json.RawMessage {
	return listing("resourceTemplates", page, next, server)
}

// listing is a page of a list. What is listed may depend on who asks, so nobody may keep it.
func listing(member string, page []json.RawMessage, next string, server *Implementation) json.RawMessage {
	if page == nil {
		page = []json.RawMessage{}
	}
	o := Object{member: encode(page)}
	if next != "" {
		o["nextCursor"] = encode(next)
	}
	if server != nil {
		o["resultType"], o["ttlMs"], o["cacheScope"] = encode(TypeComplete), encode(0), encode("private")
		o.setMeta(MetaServerInfo, server)
	}
	return encode(o)
}

// Read is the answer to resources/read, of which the content is written in between: as it is read, since it may be large.
type Read struct {
	ID       json.RawMessage // of the request
	URI      string
	MIMEType string
	Text     bool // the content is a JSON string's inside; otherwise it is base64
	Whole    int64
	Next     string          // the URI that goes on after this content; empty: it is at its end
	Server   *Implementation // means revision 2026-07-28
}

// Opening is what comes before the content.
func (r Read) Opening() []byte {
	b := append([]byte(`{"jsonrpc":"2.0","id":`), r.ID...)
	b = append(append(b, `,"result":{"contents":[{"uri":`...), encode(r.URI)...)
	if r.MIMEType != "" {
		b = append(append(b, `,"mimeType":`...), encode(r.MIMEType)...)
	}
	if r.Text {
		return append(b, `,"text":"`...)
	}
	return append(b, `,"blob":"`...)
}

// Closing is what comes after it, when it is known how far it went. How large the whole is, and where to go on, is for programs.
func (r Read) Closing() []byte {
	meta := Object{metaSize: encode(r.Whole)}
	if r.Next != "" {
		meta[metaNext] = encode(r.Next)
	}
	b := append([]byte(`","_meta":`), encode(meta)...)
	b = append(b, `}]`...)
	if r.Server != nil {
		b = append(b, `,"resultType":"complete","ttlMs":0,"cacheScope":"private","_meta":`...)
		b = append(b, encode(resultMeta{ServerInfo: r.Server})...)
	}
	return append(b, `}}`...)
}

// WithoutLinks is a result for clients that know no links to resources: its text says where they lead.
func WithoutLinks(result json.RawMessage) json.RawMessage {
	var o Object
	var content []json.RawMessage
	if !bytes.Contains(result, []byte(`"resource_link"`)) || json.Unmarshal(result, &o) != nil || json.Unmarshal(o["content"], &content) != nil {
		return result
	}
	for i, c := range content {
		var link struct{ Type, URI, Name string }
		if json.Unmarshal(c, &link) == nil && link.Type == "resource_link" {
			content[i] = encode(words{"text", link.Name + ": resource " + link.URI})
		}
	}
	o["content"] = encode(content)
	return encode(o)
}
