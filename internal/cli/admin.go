package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/internal/admin"
	"github.com/longhaul-mcp/longhaul/internal/redisdial"
)

type adminCmd struct {
	Redis   string     `help:"Redis of the servers and workers, such as redis://127.0.0.1:6379." env:"LONGHAUL_REDIS" placeholder:"URL" required:""`
	Servers serversCmd `cmd:"" help:"List the MCP servers behind workers, as each worker sees them."`
	Retire  retireCmd  `cmd:"" help:"Take tools off the list that no worker serves any more, or resources and prompts."`
}

type retireCmd struct {
	Names  []string `arg:"" name:"tool" help:"Tools, by their names or by patterns with * and ? (in quotes)."`
	Server bool     `help:"The names are those of MCP servers: take their resources and prompts off the lists."`
}

// Run retires tools, or what servers have beside them. What is retired is told, also where another one cannot be.
func (cmd *retireCmd) Run(a *app, of *adminCmd) error {
	redisdial.Quiet()
	retire, words := admin.Retire, "%s is not listed any more\n"
	if cmd.Server {
		retire, words = admin.RetireServers, "the resources and prompts of %s are not listed any more\n"
	}
	retired, err := retire(a.ctx, of.Redis, cmd.Names)
	if len(retired) > 0 {
		err = errors.Join(err, a.printRetired(words, retired))
	}
	return mistaken(err)
}

func (a *app) printRetired(words string, names []string) error {
	if a.JSON {
		return a.printJSON(map[string][]string{"retired": names})
	}
	for _, name := range names {
		fmt.Fprintf(a.errs, words, name)
	}
	fmt.Fprintln(a.errs, "(a worker that still has it lists it again within 30 s)")
	return nil
}

type serversCmd struct{}

// Run lists the servers.
func (*serversCmd) Run(a *app, of *adminCmd) error {
	redisdial.Quiet()
	list, err := admin.Servers(a.ctx, of.Redis)
	switch {
	case err != nil:
		return mistaken(err)
	case a.JSON:
		return a.printJSON(map[string][]admin.View{"servers": append([]admin.View{}, list...)})
	case len(list) == 0:
		fmt.Fprintln(a.errs, "(no worker that runs has MCP servers)")
		return nil
	}
	return a.printViews(list)
}

// mistaken has an error that is the caller's end the program as one.
func mistaken(err error) error {
	if errors.Is(err, admin.ErrMistaken) {
		return &usageError{err}
	}
	return err
}

// printViews lists how workers see servers, one on a line.
func (a *app) printViews(list []admin.View) error {
	return a.printRows(func(w io.Writer) {
		fmt.Fprintln(w, "SERVER\tWORKER\tSTATE\tSINCE\tCALLS\tPROTOCOL\tVERSION\tREASON")
		for _, v := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", v.Server, v.Worker, v.State, v.Since.Local().Format(time.DateTime), v.Calls,
				dash(v.Protocol), dash(strings.TrimSpace(v.Name+" "+v.Version)), oneLine(firstLine(v.Reason)))
		}
	})
}

// dash is what a server says of itself in a cell of a table: - where it has said nothing.
func dash(text string) string { return cmp.Or(oneLine(text), "-") }
