package client

// Remembered is how many requests of the server the client knows.
func (c *Client) Remembered() int {
	c.serverRequests.mu.Lock()
	defer c.serverRequests.mu.Unlock()
	return len(c.serverRequests.byID)
}

// MaxAnswered bounds it.
const MaxAnswered = maxAnswered
