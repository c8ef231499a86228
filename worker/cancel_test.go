//go:build unix

package worker_test

import (
	"context"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestACancelReachesAllThatTheToolStarted(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		pids, causes := make(chan int, 1), make(chan error, 2)
		r.start(tool("build", func(ctx context.Context, a *tasks.Attempt, _ none) (none, error) {
			child := exec.CommandContext(ctx, "sleep", "600")
			if err := child.Start(); err != nil {
				return none{}, err
			}
			pids <- child.Process.Pid
			var work sync.WaitGroup
			work.Go(func() { <-ctx.Done(); causes <- context.Cause(ctx) })
			work.Go(func() {
				_, err := tasks.Step(ctx, a, "step", func(ctx context.Context) (none, error) { <-ctx.Done(); return none{}, context.Cause(ctx) })
				causes <- err
			})
			err := child.Wait()
			work.Wait()
			return none{}, err
		}))
		task := r.create("build", `{}`, tasks.Policy{})
		pid := <-pids
		if err := r.store.Cancel(t.Context(), task.ID); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := <-causes; err != tasks.ErrCancelled { //nolint:errorlint // the very cause
				t.Errorf("cause %v, want ErrCancelled", err)
			}
		}
		r.eventually("the child is gone", func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH })
	})
}
