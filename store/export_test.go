package store

// Resync is what a reconnect does to a watch.
func (x *Watch) Resync() {
	for _, e := range x.entries {
		e.resync()
	}
}
