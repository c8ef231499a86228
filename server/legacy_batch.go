package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/longhaul-mcp/longhaul/wire"
)

// maxBatch is how many messages one body may hold.
const maxBatch = 50

// batch serves a body with several messages, as revisions before 2025-06-18 have it (2025-03-26, transports, Sending Messages to the Server).
// They are served side by side and answered together in one body: until then there is no progress, log or question. A call that takes longer
// gets its handle like any other.
func (s *Server) batch(q *request, r *http.Request, body []byte) {
	var parts []json.RawMessage
	if q.revision.since(noBatch) {
		q.fail(refuse(http.StatusBadRequest, wire.CodeInvalidRequest, "revision %s has no batches", q.revision))
		return
	}
	if json.Unmarshal(body, &parts) != nil || len(parts) == 0 || len(parts) > maxBatch {
		q.fail(refuse(http.StatusBadRequest, wire.CodeInvalidRequest, "a batch has 1 to %d messages", maxBatch))
		return
	}
	answers := make([]recorder, len(parts))
	var serving sync.WaitGroup
	for i, part := range parts {
		serving.Go(func() { s.part(q, r, part, &answers[i]) })
	}
	serving.Wait()
	if all := together(answers); len(all) > 0 {
		q.reply(http.StatusOK, all)
		return
	}
	q.out.w.WriteHeader(http.StatusAccepted)
}

// part serves one message of a batch as if it had come alone.
func (s *Server) part(batch *request, r *http.Request, body []byte, w http.ResponseWriter) {
	q := &request{
		header: batch.header.Clone(), revision: batch.revision, owner: batch.owner, session: batch.session, out: newStream(w), log: batch.log,
	}
	q.out.mute = true
	defer q.recover()
	var err error
	if q.Message, err = wire.Decode(body); err == nil {
		q.meta, err = wire.DecodeMeta(q.Params)
	}
	if err == nil && (q.Kind == wire.Batch || q.Method == wire.MethodInitialize) {
		err = refuse(http.StatusBadRequest, wire.CodeInvalidRequest, "a batch holds neither initialize nor another batch")
	}
	if err != nil {
		q.fail(err)
		return
	}
	s.route(q, r, body)
}

// together puts all answers into one body: nil if there are none.
func together(answers []recorder) []byte {
	var all [][]byte
	for i := range answers {
		if b := answers[i].body.Bytes(); json.Valid(b) {
			all = append(all, bytes.TrimSpace(b))
		}
	}
	if len(all) == 0 {
		return nil
	}
	return append(append([]byte{'['}, bytes.Join(all, []byte{','})...), ']')
}
