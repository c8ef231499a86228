package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Every key of ours, one function each. {S} is the hash tag: all of a task, and its shard's clocks, are in one slot of a cluster.

func shardTag(shard int) string { return "lh:{" + strconv.Itoa(shard) + "}:" }

// taskKey is the record, a hash of small values; also the channel of its events. Expires after the task's end + retention.
func taskKey(id tasks.ID) string { return shardTag(id.Shard()) + "t:" + string(id) }

// The keys beside a record expire with it.
func messageKey(id tasks.ID) string   { return taskKey(id) + ":msg" } // string: a status message over 64 bytes
func errorKey(id tasks.ID) string     { return taskKey(id) + ":err" } // string: why the last attempt failed
func argumentsKey(id tasks.ID) string { return taskKey(id) + ":in" }  // string: arguments, perhaps compressed
func resultKey(id tasks.ID) string    { return taskKey(id) + ":out" } // string: result or error, perhaps compressed
func eventsKey(id tasks.ID) string    { return taskKey(id) + ":ev" }  // list, capped: "seq ms kind body"
func questionsKey(id tasks.ID) string { return taskKey(id) + ":ask" } // hash: d:<key> digest, r:<key> request, t:<key> until when, o:<key> what counts then, a:<key> answer
func memoryKey(id tasks.ID) string    { return taskKey(id) + ":mem" } // hash: steps and checkpoint; blob:<name> what is known of an object

// The clocks of a shard are zsets of task ids scored in Redis milliseconds. They never expire.
func dueKey(shard int) string  { return shardTag(shard) + "due" }  // unclaimed: when to enqueue, or look again
func liveKey(shard int) string { return shardTag(shard) + "live" } // claimed: when to stop believing that it runs
func endsKey(shard int) string { return shardTag(shard) + "ends" } // open: maximum lifetime; ended: when to forget it

// blobsKey is a set: the shard's tasks that may have objects in the blob store. An entry goes when they are deleted.
func blobsKey(shard int) string { return shardTag(shard) + "blobs" }

// tickKey is a string: when a keeper last looked after the shard, and until when nothing is reaped. Never expires.
func tickKey(shard int) string { return shardTag(shard) + "tick" }

// syncKey is a string that strict writes set before they wait for a replica. Never expires.
func syncKey(shard int) string { return shardTag(shard) + "sync" }

// idempotencyKey is a string: the task of an owner's key. Expires with its task.
func idempotencyKey(shard int, owner tasks.Owner, key string) string {
	return shardTag(shard) + "idem:" + string(owner) + ":" + key
}

// ownerKey is a zset of an owner's tasks by creation, under a tag of its own. Entries go when their tasks are forgotten, the whole when
// the last one must have been.
func ownerKey(owner tasks.Owner) string { return "lh:{own:" + string(owner) + "}" }

// sessionKey is a hash: what a client of an earlier revision agreed on, and
//
//	r:<request id> → "<ms> <kind> <task> <waiter>"          each request in flight that waits for a task
//	stream → <take>                                         which GET its stream is
//	t:<task>, u:<URI> → "<ms> "                             each task and each resource that its stream tells about
//	l:<task> → "<ms> <seq>"                                 how much of a task's log was told
//	q:<task>/<key>, w:<task> → "<until ms> <stream>.<take>" what one stream carries (carry.go)
//
// Also the channel of its changes. Expires a day after its last use, and minutes after it was opened if it was not used.
func sessionKey(id string) string { return "mcp-session-" + id }

// sessionsKey is a zset of a caller's sessions by when they were opened, or by a later use (session_open.go), under a tag of its own.
// Expires a day after one was opened. Strangers have none.
func sessionsKey(owner tasks.Owner) string { return "lh:{ses:" + string(owner) + "}" }

// streamKey is a hash: the request that a stream of a session answers, its task, and which take of it is the latest. Expires half an
// hour after it was last kept.
func streamKey(id string) string { return "mcp-stream-" + id }

// sessionFields are the fields of a session that hold what its client agreed on, in the order of Session.values.
var sessionFields = []string{"version", "client", "release", "owner", "caps", levelField}

// The fields of a session that others write, and how those begin of which there are several.
const (
	levelField    = "level"
	streamField   = "stream"
	requestField  = "r:"
	taskField     = "t:"
	toldField     = "l:"
	questionField = "q:"
	resultField   = "w:"
	uriField      = "u:"
)

// lookAgain is what is said, as an event, on the channel of a session, a source or a request to one.
const lookAgain = "0 0 " + endEvent + " "

const (
	keeperKey  = "lh:keeper"  // string: who is the keeper; expires with its lease
	shardsKey  = "lh:shards"  // string: how many shards there are; never expires
	secretKey  = "lh:secret"  // string: keys that sign requestState; never expires
	catalogKey = "lh:catalog" // hash: tool → "<started> <description>"; also the channel of its changes; never expires
	sourcesKey = "lh:sources" // hash: source → "<started> <description, perhaps compressed>"; also the channel of its changes; never expires
)

// limitsKey is a hash: tool → "<started> <most at once> <starts> <within ms>", 0 = no limit. Never expires. What else there is of a limit
// is under the same tag, and goes entry by entry.
const limitsKey = limitTag + "limits"

const limitTag = "lh:{lim}:"

func permitsKey(limit string) string { return limitTag + "permits:" + limit } // zset: who has a permit; when it was last seen to be needed
func startsKey(limit string) string  { return limitTag + "starts:" + limit }  // zset: <id> <attempt> → when it started; an id: let in, not started
func waitingKey(limit string) string { return limitTag + "wait:" + limit }    // zset: who waits for a permit; since when

// limitKeys are KEYS[1..4] of every script of a limit.
func limitKeys(limit string) []string {
	return []string{limitsKey, permitsKey(limit), startsKey(limit), waitingKey(limit)}
}

// sourceTag is of what belongs to one source: each of its scripts touches several of these.
func sourceTag(source string) string { return "lh:{src:" + source + "}:" }

// inquiryKey is a hash: method, params, by which worker until when, answer of a request to a source; also the channel of its changes.
// Expires when nobody waits for the answer any more.
func inquiryKey(source, id string) string { return inquiryPrefix(source) + id }

// inquiryPrefix is what the keys of a source's requests begin with, for the script that finds them by their ids.
func inquiryPrefix(source string) string { return sourceTag(source) + "q:" }

// inquiriesKey is a list: the ids of requests that no worker has taken; also the channel that has the source's workers look. Expires with
// the last of them.
func inquiriesKey(source string) string { return sourceTag(source) + "wait" }

// askedKey is a zset of the workers that answer for a source by until when they are believed to. Expires with the last of them.
func askedKey(source string) string { return sourceTag(source) + "on" }

// wantedKey is a zset of the URIs that somebody subscribes to by until when they do; also the channel of both, their changes and those of
// the set. Expires with the last of them.
func wantedKey(source string) string { return sourceTag(source) + "sub" }

// viewersKey is a zset of the workers that relay upstream servers by until when what they say of these is believed, viewsKey a hash of what
// each of them says. Both expire with the last of them.
const (
	viewersKey = "lh:{up}:on"
	viewsKey   = "lh:{up}:view"
)

// taskKeys are KEYS[1..11] of every task script.
func taskKeys(id tasks.ID) []string {
	s := id.Shard()
	return []string{
		taskKey(id), messageKey(id), errorKey(id), argumentsKey(id), resultKey(id), eventsKey(id), questionsKey(id), memoryKey(id),
		dueKey(s), liveKey(s), endsKey(s),
	}
}

// hashKey shortens what a caller chose to a fixed length that cannot hold a brace.
func hashKey(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
