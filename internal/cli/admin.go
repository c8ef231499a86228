package cli

import (
	"errors"
	"fmt"

	"github.com/longhaul-mcp/longhaul/internal/admin"
	"github.com/longhaul-mcp/longhaul/internal/redisdial"
)

type adminCmd struct {
	Redis  string    `help:"Redis of the servers and workers, such as redis://127.0.0.1:6379." env:"LONGHAUL_REDIS" placeholder:"URL" required:""`
	Retire retireCmd `cmd:"" help:"Take a tool off the list that no worker serves any more."`
}

type retireCmd struct {
	Tool string `arg:"" help:"Tool."`
}

// Run retires a tool.
func (cmd *retireCmd) Run(a *app, of *adminCmd) error {
	redisdial.Quiet()
	err := admin.Retire(a.ctx, of.Redis, cmd.Tool)
	if errors.Is(err, admin.ErrMistaken) {
		return &usageError{err}
	}
	if err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(map[string]string{"retired": cmd.Tool})
	}
	fmt.Fprintf(a.errs, "%s is not listed any more; a worker that still has it lists it again within 30 s\n", cmd.Tool)
	return nil
}
