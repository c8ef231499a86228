// Package blob keeps what is too large for Redis: results, and the files that tools leave. An object is written once, as a stream, under a
// key that nobody else writes, and is gone with its task.
//
//	b, err := blob.Open(ctx, "s3://results?region=eu-central-1")
//	o, err := b.Put(ctx, task+"/1-token/0", reader)
//	r, err := b.Read(ctx, o.Key, 0, -1)
//	err = b.DeleteAll(ctx, task+"/")
//
// It does not know whose an object is, nor whether anybody refers to it: that is in Redis (package store).
package blob
