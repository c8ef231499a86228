package loganalysis

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
)

// place is all of a state but its total.
type place struct {
	Files   []identity `json:"files"`
	Segment int64      `json:"segment"`
	Done    []File     `json:"done"`
	Part    File       `json:"part"`
	Offset  int64      `json:"offset"`
}

// packer writes states. It keeps its buffers: a full total has 10 MB.
type packer struct {
	e encoder
	z *gzip.Writer
}

func newPacker() *packer {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for levels that do not exist
	return &packer{z: z}
}

// encode takes what it needs of a state, which may go on afterwards.
func (p *packer) encode(st *state) {
	doc, _ := json.Marshal(place{st.identities(), st.segment, st.done, st.part, st.offset}) // has nothing that JSON has not
	p.e.b = p.e.b[:0]
	p.e.bytes(doc)
	st.total.encode(&p.e)
}

// pack compresses what was encoded. Gzip has a checksum, so that a damaged state is not taken for a good one.
func (p *packer) pack() []byte {
	var b bytes.Buffer
	p.z.Reset(&b)
	_, _ = p.z.Write(p.e.b) // a buffer takes everything
	_ = p.z.Close()
	return b.Bytes()
}

const maxUnpacked = 256 << 20 // far more than any state has

func unpackState(packed []byte) (place, *tally, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return place{}, nil, err
	}
	b, err := io.ReadAll(io.LimitReader(z, maxUnpacked))
	if err != nil {
		return place{}, nil, err
	}
	return decodeState(&decoder{b: b})
}

func decodeState(d *decoder) (p place, total *tally, err error) {
	if err := json.Unmarshal(d.bytes(maxUnpacked), &p); err != nil {
		return p, nil, err
	}
	total = newTally()
	return p, total, total.decode(d)
}
