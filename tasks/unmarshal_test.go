package tasks_test

import (
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestErrorsAboutJSONSpeakOfNoGoTypes(t *testing.T) {
	t.Parallel()
	type inner struct {
		List []string       `json:"list"`
		Map  map[string]int `json:"map"`
	}
	type outer struct {
		Text   *string `json:"text"`
		Whole  int     `json:"whole"`
		Byte   int8    `json:"byte"`
		Count  uint    `json:"count"`
		Number float64 `json:"number"`
		Yes    bool    `json:"yes"`
		Bytes  []byte  `json:"bytes"`
		Inner  []inner `json:"inner"`
	}
	for doc, want := range map[string]string{
		`{"text":1}`:    "text must be a string, not a number",
		`{"text":{}}`:   "text must be a string, not an object",
		`{"whole":"1"}`: "whole must be an integer, not a string",
		`{"whole":1.5}`: "whole must be an integer, not number 1.5",
		`{"byte":1000}`: "byte must be an integer of 8 bits, not number 1000",
		`{"byte":` + strings.Repeat("1", 5000) + `}`: "byte must be an integer of 8 bits, not number " + strings.Repeat("1", 33),
		`{"count":-1}`:              "count must be an integer that is not negative, not number -1",
		`{"number":true}`:           "number must be a number, not a boolean",
		`{"yes":[]}`:                "yes must be a boolean, not an array",
		`{"bytes":{}}`:              "bytes must be a string, not an object",
		`{"inner":[{"list":"x"}]}`:  "inner.list must be an array, not a string",
		`{"inner":[{"map":"x"}]}`:   "inner.map must be an object, not a string",
		`[]`:                        "it must be an object, not an array",
		`{`:                         "unexpected end of JSON input",
		`{"text":"x","inner":null}`: "",
	} {
		got := ""
		if err := tasks.Unmarshal([]byte(doc), new(outer)); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", doc, got, want)
		}
	}
}
