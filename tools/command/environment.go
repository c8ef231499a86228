package command

import (
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// usual are the variables that every program gets. Nothing else of ours reaches it unless the configuration says so: what configures
// this process may hold passwords.
var usual = []string{"PATH", "HOME", "LANG", "TZ", "TMPDIR"}

// environ is the program's environment.
func (r *runner) environ(a *tasks.Attempt, v values, s *scratch) (map[string]string, error) {
	env := make(map[string]string)
	for _, name := range slices.Concat(usual, r.Pass) {
		if value, ok := os.LookupEnv(name); ok {
			env[name] = value
		}
	}
	for name, t := range r.env {
		list, err := t.expand(v)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", name, err)
		}
		delete(env, name) // a value that was not given does not fall back on ours
		if len(list) == 1 {
			env[name] = list[0]
		}
	}
	env["LONGHAUL_TASK"] = string(a.TaskID())
	env["LONGHAUL_ATTEMPT"] = strconv.Itoa(a.Number())
	env["LONGHAUL_OUT"] = s.out
	if s.checkpoint != "" {
		env["LONGHAUL_CHECKPOINT"] = s.checkpoint
	}
	return env, nil
}

// pairs is an environment as the system wants it.
func pairs(env map[string]string) []string {
	list := make([]string, 0, len(env))
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}
