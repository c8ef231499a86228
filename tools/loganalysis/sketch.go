package loganalysis

import (
	"encoding/binary"
	"math"
	"math/bits"
)

const (
	sketchBits  = 14
	sketchSlots = 1 << sketchBits // standard error 1.04/sqrt(slots) = 0.8 %
)

// sketch estimates how many different values it has seen (HyperLogLog, Flajolet et al. 2007, with 64-bit hashes).
type sketch [sketchSlots]uint8

func (s *sketch) add(value []byte) {
	h := mix(value)
	i := h >> (64 - sketchBits)
	s[i] = max(s[i], uint8(bits.LeadingZeros64(h<<sketchBits|1<<(sketchBits-1)))+1)
}

func (s *sketch) merge(o *sketch) {
	for i, v := range o {
		s[i] = max(s[i], v)
	}
}

func (s *sketch) estimate() int64 {
	sum, free := 0.0, 0
	for _, v := range s {
		sum += math.Ldexp(1, -int(v))
		if v == 0 {
			free++
		}
	}
	const alpha = 0.7213 / (1 + 1.079/sketchSlots)
	e := alpha * sketchSlots * sketchSlots / sum
	if e <= 2.5*sketchSlots && free > 0 {
		e = sketchSlots * math.Log(sketchSlots/float64(free)) // few values: count the free slots
	}
	return int64(math.Round(e))
}

// mix hashes a value the same way in every process, so that equal logs give equal estimates.
func mix(b []byte) uint64 {
	h := uint64(len(b)) ^ 0x9e3779b97f4a7c15
	for ; len(b) >= 8; b = b[8:] {
		h = finish(h ^ binary.LittleEndian.Uint64(b))
	}
	var tail uint64
	for i, c := range b {
		tail |= uint64(c) << (8 * i)
	}
	return finish(h ^ tail)
}

// finish is the finalizer of SplitMix64.
func finish(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
