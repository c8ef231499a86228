package tasks

// Delivery is the request to run one attempt: what waits in the queue and what a worker is handed.
type Delivery struct {
	Task     ID
	Attempt  int
	Queue    string
	Priority Priority
	// Limit names what has to let it into the queue, "" if nothing has to. What a worker is handed was let in, and names none.
	Limit string
}
