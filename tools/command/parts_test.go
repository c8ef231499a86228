package command_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
)

// play is what the test binary does as a program.
func play(part string) int {
	switch part {
	case "arguments":
		return tell(map[string]any{"result": map[string]any{"args": inHex(os.Args[1:]), "env": inHex(os.Environ())}})
	case "echo":
		fmt.Print(os.Args[1])
		return 0
	case "flood":
		return flood(os.Args[1])
	case "counter":
		return count()
	case "worker":
		return work()
	case "speaker":
		return speak(os.Args[1])
	}
	return 99
}

// inHex keeps every byte of strings that need not be text.
func inHex(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fmt.Sprintf("%x", s)
	}
	return out
}

func tell(v any) int {
	if json.NewEncoder(os.Stdout).Encode(v) != nil {
		return 1
	}
	return 0
}

// flood writes so many bytes as fast as it can.
func flood(size string) int {
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil {
		return 1
	}
	line := bytes.Repeat([]byte("all work and no play makes jack a dull boy\n"), 1500)
	for n > 0 {
		k, err := os.Stdout.Write(line[:min(n, int64(len(line)))])
		if err != nil {
			return 1
		}
		n -= int64(k)
	}
	return 0
}

// count reports progress as fast as it can.
func count() int {
	for i := range 100_000 {
		fmt.Printf("{\"progress\":%d,\"total\":100000}\n", i+1)
	}
	return 0
}

// work is a worker that runs one attempt of the script that it reads on stdin, for the task that its argument names.
func work() int {
	script, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 1
	}
	var reg tasks.Registry
	c := command.Command{Tool: tasks.Tool{Name: "tool"}, Args: []string{"sh", "-c", string(script)}, Root: os.Args[2]}
	if err := command.Add(&reg, c); err != nil {
		return 1
	}
	tool, _ := reg.Lookup("tool")
	if _, err := attempt(context.Background(), tool, newClient(), tasks.ID(os.Args[1]), `{}`); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// speak is a worker that has a program to speak to.
func speak(id string) int {
	script, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 1
	}
	p, err := command.Start([]string{"sh", "-c", string(script)}, "", []string{"PATH=" + os.Getenv("PATH"), "LONGHAUL_TASK=" + id}, io.Discard)
	if err != nil {
		return 1
	}
	_ = p.Wait() // whoever plays this part is killed
	return 1
}
