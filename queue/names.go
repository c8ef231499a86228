package queue

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// A queue is four of asynq's: one per priority, and one for attempts after the first. asynq enqueues at the tail, and
// recovered work must not wait behind the whole backlog again.
const (
	highSuffix  = ".high"
	lowSuffix   = ".low"
	againSuffix = ".again"
)

// siblings are the suffixes of a queue's names in asynq, with the weight of each: how often it is asked first.
var siblings = []struct {
	suffix   string
	weight   int
	priority tasks.Priority
}{
	{againSuffix, 100 * normalWeight, tasks.Normal},
	{highSuffix, 6, tasks.High},
	{"", normalWeight, tasks.Normal},
	{lowSuffix, 1, tasks.Low},
}

const normalWeight = 3

// name is where a delivery waits.
func name(d tasks.Delivery) string {
	switch {
	case d.Attempt > 1:
		return d.Queue + againSuffix
	case d.Priority == tasks.High:
		return d.Queue + highSuffix
	case d.Priority == tasks.Low:
		return d.Queue + lowSuffix
	}
	return d.Queue
}

// names are all four of a queue.
func names(queue string) []string {
	var ns []string
	for _, s := range siblings {
		ns = append(ns, queue+s.suffix)
	}
	return ns
}

// split is the reverse of name. The priority of an attempt after the first is not known: it is called normal.
func split(name string) (string, tasks.Priority) {
	queue, suffix, _ := strings.Cut(name, ".") // a queue's own name has no dots
	for _, s := range siblings {
		if strings.TrimPrefix(s.suffix, ".") == suffix {
			return queue, s.priority
		}
	}
	return queue, tasks.Normal
}

// The ends of asynq's keys, "asynq:{<name>}:<end>".
const (
	pendingKey = "pending" // list of ids that wait
	activeKey  = "active"  // list of ids that were taken
	leaseKey   = "lease"   // zset of ids that were taken, by when asynq takes them back
	pausedKey  = "paused"  // string, there while the queue is paused
	taskKey    = "t:"      // hash of one asynq task, followed by its id
)

func key(name, end string) string { return "asynq:{" + name + "}:" + end }

// channel is where a queue's deliveries are announced: a message says in which of the queue's names one waits.
func channel(queue string) string { return "lh:wake:" + queue }

// taskID names a delivery in asynq: never the same twice, since an attempt is enqueued once.
func taskID(d tasks.Delivery) string { return string(d.Task) + "#" + strconv.Itoa(d.Attempt) }

// payload is all that asynq carries; it copies payloads around freely, so it must be small and hold no secrets.
func payload(d tasks.Delivery) []byte { return []byte(string(d.Task) + " " + strconv.Itoa(d.Attempt)) }

// delivery is the reverse of name and payload.
func delivery(name string, payload []byte) (tasks.Delivery, error) {
	task, attempt, _ := strings.Cut(string(payload), " ")
	id, idErr := tasks.ParseID(task)
	n, attemptErr := strconv.Atoi(attempt)
	if idErr != nil || attemptErr != nil || n < 1 {
		return tasks.Delivery{}, fmt.Errorf("%q is not a delivery", payload)
	}
	d := tasks.Delivery{Task: id, Attempt: n}
	d.Queue, d.Priority = split(name)
	return d, nil
}

// check refuses what the names could not tell apart.
func check(d tasks.Delivery) error {
	if d.Attempt < 1 {
		return errors.Join(tasks.ValidQueue(d.Queue), fmt.Errorf("attempt %d: they count from 1", d.Attempt))
	}
	return tasks.ValidQueue(d.Queue)
}
