package loganalysis

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// version has to rise with every change of what is packed, of limits and of segments, and of what a parser makes of a line: a
// checkpoint of another version is not used, so that no result is half of one kind and half of another.
const version = 2

// checkpoint is what an attempt leaves to the next one.
type checkpoint struct {
	Version int    `json:"version"`
	State   []byte `json:"state"` // see packer
}

// resume goes on where the attempt before was last known to be, or begins.
func resume(ctx context.Context, a *tasks.Attempt, sources []source, segment int64) (*state, error) {
	var doc json.RawMessage // takes anything: what another version left must not fail the task
	found, err := a.Resume(ctx, &doc)
	if err != nil {
		return nil, fmt.Errorf("resume: %w", err)
	}
	if !found {
		return newState(sources, segment), nil
	}
	st, err := restore(doc, sources)
	if err != nil {
		a.Log(slog.LevelInfo, "begins anew: %v", err)
		return newState(sources, segment), nil
	}
	total := st.size()
	a.Log(slog.LevelInfo, "resumes at %s: %s of %s", share(st.read, total), bytesOf(st.read), bytesOf(total))
	return st, nil
}

// restore fails if the checkpoint is not one of this version, or if files that it counts have changed since.
func restore(doc json.RawMessage, sources []source) (*state, error) {
	var c checkpoint
	if err := json.Unmarshal(doc, &c); err != nil || c.Version != version {
		return nil, fmt.Errorf("the checkpoint is of version %d, this is version %d", c.Version, version)
	}
	p, total, err := unpackState(c.State)
	if err != nil {
		return nil, fmt.Errorf("the checkpoint is damaged: %w", err)
	}
	return p.state(total, sources)
}

// state puts a total and its place together, if the files are still what they were.
func (p place) state(total *tally, sources []source) (*state, error) {
	if !p.valid() {
		return nil, errState
	}
	byName := make(map[string]source, len(sources))
	for _, s := range sources {
		byName[s.name] = s
	}
	st := &state{segment: p.Segment, total: total, done: p.Done, part: p.Part, offset: p.Offset, read: p.Offset}
	for i, id := range p.Files {
		s, ok := byName[id.Name]
		if !ok {
			return nil, fmt.Errorf("%s is gone", id.Name)
		}
		f, err := takeUp(s, id, p.merged(i))
		if err != nil {
			return nil, err
		}
		st.files = append(st.files, f)
		if i < len(p.Done) {
			st.read += id.Size
		}
	}
	if p.Offset > 0 {
		st.files[len(p.Done)].settle(p.Part.Format)
	}
	return st, nil
}

func (p place) valid() bool {
	return p.Segment > 0 && p.Offset >= 0 && p.begun() <= len(p.Files) && (p.Offset == 0 || p.Offset < p.Files[len(p.Done)].Size)
}

// begun is how many files something is merged of.
func (p place) begun() int {
	if p.Offset > 0 {
		return len(p.Done) + 1
	}
	return len(p.Done)
}

// merged is how many bytes are merged of a file; -1: nothing was begun.
func (p place) merged(i int) int64 {
	switch {
	case i < len(p.Done):
		return p.Files[i].Size
	case i < p.begun():
		return p.Offset
	}
	return -1
}

// takeUp is a file as the first attempt saw it. One that nothing was read of yet may have become another.
func takeUp(s source, id identity, merged int64) (*logFile, error) {
	switch {
	case merged >= 0 && !id.holds(s, merged):
		return nil, fmt.Errorf("%s has been changed", id.Name)
	case merged < 0 && !id.grown(s):
		return newLogFile(s, s.identity()), nil
	}
	f := newLogFile(s, id)
	f.head, f.tail = id.Head, id.Tail // of a file that is done, which is not opened again
	return f, nil
}
