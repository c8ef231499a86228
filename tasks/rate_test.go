package tasks_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestARateIsText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]tasks.Rate{
		"5/s": {N: 5, Per: time.Second}, "10/m": {N: 10, Per: time.Minute}, "100/h": {N: 100, Per: time.Hour},
		"3/1m30s": {N: 3, Per: 90 * time.Second}, "": {},
	} {
		var r tasks.Rate
		if err := r.UnmarshalText([]byte(text)); err != nil || r != want {
			t.Errorf("%q: %+v, %v", text, r, err)
		}
		if back, err := r.MarshalText(); err != nil || string(back) != text {
			t.Errorf("%+v is written %q, %v, want %q", r, back, err, text)
		}
	}
}

func TestSlipsInARateAreExplained(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10": `rate "10": use a number`, "m": `rate "m": use a number`, "ten/m": `rate "ten/m": use a number`, "10/": `rate "10/": use a number`,
		"10/week": `rate "10/week": use a number`, "10/sm": `rate "10/sm": use a number`,
		"0/s": "from 1 to 10000", "-1/m": "from 1 to 10000", "10001/h": "from 1 to 10000",
		"1/100ms": "from 1s to 24h0m0s", "1/25h": "from 1s to 24h0m0s", "1/0s": "from 1s to 24h0m0s", "1/1.0005s": "whole milliseconds",
	} {
		var r tasks.Rate
		if err := r.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestLimitsOfAPolicy(t *testing.T) {
	t.Parallel()
	p := tasks.Policy{Concurrency: 2, Rate: tasks.Rate{N: 10, Per: time.Minute}}
	doc, err := json.Marshal(p)
	if want := `{"concurrency":2,"rate":"10/m"}`; err != nil || string(doc) != want {
		t.Errorf("written as %s, %v, want %s", doc, err, want)
	}
	var back tasks.Policy
	if err := json.Unmarshal(doc, &back); err != nil || back.Concurrency != p.Concurrency || back.Rate != p.Rate || !back.Limited() {
		t.Errorf("read as %+v, %v", back, err)
	}
	if doc, err := json.Marshal(tasks.Policy{}); err != nil || string(doc) != `{}` || (tasks.Policy{}).Limited() {
		t.Errorf("no limit is written as %s, %v", doc, err)
	}
	for _, bad := range []struct {
		p    tasks.Policy
		want string
	}{
		{tasks.Policy{Concurrency: -1}, "concurrency is -1: use 1 to 100000, or 0 for no limit"},
		{tasks.Policy{Concurrency: 100_001}, "concurrency is 100001: use 1 to 100000"},
		{tasks.Policy{Rate: tasks.Rate{N: 3}}, `rate "3/0s": the time must be from 1s`},
	} {
		if err := bad.p.Validate(); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%v, want %q", err, bad.want)
		}
	}
}
