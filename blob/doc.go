// Package blob keeps what is too large for Redis: results, and the files that tools leave. An object is written once, as a stream, under a
// key that nobody else uses, and is deleted with its task.
//
//	b, err := blob.Open(ctx, "s3://results?region=eu-central-1")
//	o, err := b.Put(ctx, task+"/1-token/0", reader)
//	r, err := b.Read(ctx, o.Key, 0, -1)
//	err = b.DeleteAll(ctx, task+"/")
//
// It does not know to which task an object belongs, nor whether anybody refers to it: that is in Redis (package store).
package blob
