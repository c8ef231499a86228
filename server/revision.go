package server

import "github.com/longhaul-mcp/longhaul/wire"

// revision is the one of the protocol that a request speaks. Revisions are dates: a later one sorts after an earlier one.
type revision string

// noBatch is the first revision in which a body holds one message only.
const noBatch = "2025-06-18"

// hasLinks is the first revision whose results may link to resources.
const hasLinks = "2025-06-18"

func (r revision) since(first revision) bool { return r >= first }

// modern: 2026-07-28, which has no sessions.
func (r revision) modern() bool { return r.since(wire.V20260728) }
