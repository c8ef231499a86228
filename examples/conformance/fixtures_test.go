package main

import "testing"

func TestFixturesAreComplete(t *testing.T) {
	t.Parallel()
	reg := fixtures(nil)
	if err := reg.Err(); err != nil {
		t.Fatal(err)
	}
	for _, tool := range reg.Tools() {
		if tool.Description == "" {
			t.Errorf("%s has no description; the suite asks for one", tool.Name)
		}
	}
	for _, name := range []string{"greet", "slow_compute", "failing_job", "protocol_error_job", "confirm_delete", "multi_input", "test_tool_with_task"} {
		if _, ok := reg.Lookup(name); !ok {
			t.Errorf("the tasks-* scenarios need %s", name)
		}
	}
}
