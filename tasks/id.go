package tasks

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// ID names a task: a version 4 UUID and the shard that holds it, "<uuid>-<shard>". The UUID's 122 random bits make it
// unguessable; the shard lets any process find the task's keys without a look-up.
type ID string

// NewID makes a fresh ID on a shard.
func NewID(shard int) ID { return ID(uuid.NewString() + "-" + strconv.Itoa(shard)) }

const uuidLen = 36

// ParseID checks an id that a client sent. One that Longhaul cannot have given out is ErrNotFound, like any unknown one.
func ParseID(s string) (ID, error) {
	if len(s) < uuidLen+2 || len(s) > uuidLen+6 || s[uuidLen] != '-' {
		return "", ErrNotFound
	}
	u, err := uuid.Parse(s[:uuidLen])
	shard, shardErr := strconv.ParseUint(s[uuidLen+1:], 10, 16)
	if err != nil || shardErr != nil || u.String() != s[:uuidLen] || strconv.FormatUint(shard, 10) != s[uuidLen+1:] {
		return "", ErrNotFound
	}
	return ID(s), nil
}

// Shard returns the part of the ID that says where the task is kept.
func (id ID) Shard() int {
	n, err := strconv.Atoi(string(id)[strings.LastIndexByte(string(id), '-')+1:])
	if err != nil {
		panic(fmt.Sprintf("tasks: malformed id %q", string(id))) // IDs are made by NewID and ParseID alone
	}
	return n
}
