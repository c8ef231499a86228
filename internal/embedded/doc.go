// Package embedded is a Redis-compatible store inside the process: what lets one command start Longhaul with nothing
// installed.
//
//	store, err := embedded.Start()
//	...
//	defer store.Close()
//	opts, err := redis.ParseURL(store.URL())
//
// It listens on loopback behind a random password, keeps everything in memory and forgets it when it is closed. It is
// about twenty times slower than Redis: for development and tests, not for production.
package embedded
