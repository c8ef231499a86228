package tasks

// Delivery is the request to run one attempt: what waits in the queue and what a worker is handed.
type Delivery struct {
	Task     ID
	Attempt  int
	Queue    string
	Priority Priority
	// Limit names the limit whose gate it has to pass on its way into the queue; "": none. A worker gets it without: it has passed.
	Limit string
}
