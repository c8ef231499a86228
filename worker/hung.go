package worker

import "time"

// hung holds a place for each tool that was left behind, running on though its context ended long ago. There are as many places as slots,
// since such a tool still uses the process's memory and processor.
type hung chan struct{}

// add takes a place for a tool until it is gone. It returns false if there is none.
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

// outstay waits for a tool that runs on though its context has ended. It keeps its slot until it returns, but not for ever: after a while the
// tool is left behind, and its slot serves others.
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
