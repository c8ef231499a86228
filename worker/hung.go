package worker

import "time"

// hung are the tools that were left behind: they go on though their context ended long ago. There is a place for as many as there are
// slots, since each still costs what it costs.
type hung chan struct{}

// add makes a place for one until it is gone. It is false if all places are taken.
func (h hung) add(gone <-chan struct{}) bool {
	select {
	case h <- struct{}{}:
	default:
		return false
	}
	go func() { // as long as the tool, which nobody can end
		<-gone
		<-h
	}()
	return true
}

// outstay waits for a tool that goes on though its context has ended. Its slot is its own until it returns, but not for ever: after a
// while the tool is left behind and its slot serves others.
func (a *attempt) outstay(returned <-chan answer) {
	patience := time.NewTimer(a.w.opts.Hung)
	defer patience.Stop()
	a.log.Warn("tool ignores that its context has ended, and keeps its slot", "for", a.w.opts.Hung.String())
	gone := a.hanging(returned)
	select {
	case <-gone:
		return
	case <-a.w.running.Done(): // shutting down
		return
	case <-patience.C:
	}
	if a.w.hung.add(gone) {
		a.w.metrics.left.WithLabelValues(a.Tool).Inc()
		a.log.Error("tool does not stop: it was left behind, and its slot serves others")
		return
	}
	a.log.Error("tool does not stop and keeps its slot, since as many as there are slots were left behind: restart this worker")
	select {
	case <-gone:
	case <-a.w.running.Done():
	}
}

// hanging counts a tool as hung until it is gone.
func (a *attempt) hanging(returned <-chan answer) (gone <-chan struct{}) {
	gauge := a.w.metrics.hung.WithLabelValues(a.Tool)
	gauge.Inc()
	done := make(chan struct{})
	go func() { // as long as the tool
		<-returned
		gauge.Dec()
		close(done)
	}()
	return done
}
