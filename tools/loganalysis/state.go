package loganalysis

// state is how far the reading is. Segments are merged in their order, so everything in front of one place is in it and nothing
// behind: whoever goes on from there comes to the same result.
type state struct {
	files   []*logFile
	segment int64 // bytes of one
	total   *tally
	done    []File // what is said of the files that are merged
	part    File   // what is known of the file after those …
	offset  int64  // … of which so many bytes are merged
	read    int64  // bytes that are merged in all
}

func newState(sources []source, segment int64) *state {
	st := &state{total: newTally(), segment: segment}
	for _, s := range sources {
		st.files = append(st.files, newLogFile(s, s.identity()))
	}
	if segment == 0 {
		st.segment = segmentSize(st.size())
	}
	return st
}

// size is the bytes of all files.
func (st *state) size() (n int64) {
	for _, f := range st.files {
		n += f.id.Size
	}
	return n
}

// step is the size of a file's segments.
func (st *state) step(f *logFile) int64 {
	if f.gzip {
		return f.id.Size
	}
	return st.segment
}

// merge takes in the next segment.
func (st *state) merge(s segment, r *reader) {
	st.total.merge(r.tally)
	s.file.tail, _ = tailOf(s.file.file, s.to) // what cannot be read now will not be the same later
	if st.offset == 0 {
		st.part = r.file
	} else {
		st.part.extend(r.file)
	}
	st.read += s.to - s.from
	if st.offset = s.to; s.last() {
		st.done = append(st.done, st.part)
		st.part, st.offset = File{}, 0
	}
}

// extend adds what another segment says. Times in UTC compare as texts.
func (f *File) extend(o File) {
	f.Lines += o.Lines
	f.Unparsed += o.Unparsed
	f.Bytes += o.Bytes
	if o.From != "" && (f.From == "" || o.From < f.From) {
		f.From = o.From
	}
	f.To = max(f.To, o.To)
	if o.Format == "combined" { // the first lines may have been common
		f.Format = o.Format
	}
}

// identities tells the files apart, those by their first bytes too that something is merged of.
func (st *state) identities() []identity {
	ids := make([]identity, len(st.files))
	for i, f := range st.files {
		ids[i] = f.id
		if i < len(st.done) || i == len(st.done) && st.offset > 0 {
			ids[i].Head, ids[i].Tail = f.head, f.tail
		}
	}
	return ids
}
