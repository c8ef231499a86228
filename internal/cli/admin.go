package cli

import (
	"errors"
	"fmt"

	"github.com/longhaul-mcp/longhaul/internal/admin"
	"github.com/longhaul-mcp/longhaul/internal/redisdial"
)

type adminCmd struct {
	Redis  string    `help:"Redis of the servers and workers, such as redis://127.0.0.1:6379." env:"LONGHAUL_REDIS" placeholder:"URL" required:""`
	Retire retireCmd `cmd:"" help:"Take tools off the list that no worker serves any more."`
}

type retireCmd struct {
	Tools []string `arg:"" name:"tool" help:"Tools, by their names or by patterns with * and ? (in quotes)."`
}

// Run retires tools. What is retired is told, also where another one cannot be.
func (cmd *retireCmd) Run(a *app, of *adminCmd) error {
	redisdial.Quiet()
	retired, err := admin.Retire(a.ctx, of.Redis, cmd.Tools)
	if len(retired) > 0 {
		err = errors.Join(err, a.printRetired(retired))
	}
	if errors.Is(err, admin.ErrMistaken) {
		return &usageError{err}
	}
	return err
}

func (a *app) printRetired(names []string) error {
	if a.JSON {
		return a.printJSON(map[string][]string{"retired": names})
	}
	for _, name := range names {
		fmt.Fprintln(a.errs, name, "is not listed any more")
	}
	fmt.Fprintln(a.errs, "(a worker that still has it lists it again within 30 s)")
	return nil
}
