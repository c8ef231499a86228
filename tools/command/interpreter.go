package command

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// interpreter is a program that runs text among its arguments.
type interpreter struct {
	name   *regexp.Regexp
	code   string // the letters of options before such text
	long   []string
	valued *regexp.Regexp // options that take the argument after them
	say    string         // how such text reaches an argument instead
}

var interpreters = []interpreter{
	{name: regexp.MustCompile(`^(ba|da|z|k|a)?sh$`), code: "c", valued: regexp.MustCompile(`^[-+][A-Za-z]*[oO]$`), say: `[sh, -c, 'echo "$1"', sh, "${%s}"]`},
	{name: regexp.MustCompile(`^python[0-9.]*$`), code: "c", valued: regexp.MustCompile(`^-[WX]$`), say: `[python3, -c, 'import sys; print(sys.argv[1])', "${%s}"]`},
	{name: regexp.MustCompile(`^(node|nodejs)$`), code: "ep", long: []string{"--eval", "--print"}, valued: regexp.MustCompile(`^-[rC]$`), say: `[node, -e, 'console.log(process.argv[1])', --, "${%s}"]`},
	{name: regexp.MustCompile(`^perl[0-9.]*$`), code: "eE", valued: regexp.MustCompile(`^-I$`), say: `[perl, -e, 'print $ARGV[0]', --, "${%s}"]`},
	{name: regexp.MustCompile(`^ruby[0-9.]*$`), code: "e", valued: regexp.MustCompile(`^-[rIC]$`), say: `[ruby, -e, 'print ARGV[0]', --, "${%s}"]`},
}

// checkCode refuses arguments of a call within text that an interpreter runs: whoever calls could have it run anything. Text that is nothing
// but a placeholder is fine: there the call is meant to say what runs. The interpreter may stand behind others, such as env or nice.
func (r *runner) checkCode() error {
	for i, arg := range r.Args {
		for _, in := range interpreters {
			if in.name.MatchString(path.Base(arg)) {
				return in.check(path.Base(arg), r.args[i:]) // args are without the program: these come after it
			}
		}
	}
	return nil
}

// check looks at the arguments of an interpreter, up to the name of a script.
func (in interpreter) check(name string, args []template) error {
	code, skip := false, false
	for _, t := range args {
		switch o := t.source; {
		case skip:
			skip = false
		case len(o) > 1 && o[0] == '-' || strings.HasPrefix(o, "+"):
			if in.attached(o) {
				if err := in.refuse(name, t); err != nil {
					return err
				}
			}
			code = code || in.runs(o)
			skip = in.valued.MatchString(o)
		case code:
			code = false
			if err := in.refuse(name, t); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

// runs: the text after this option is run.
func (in interpreter) runs(option string) bool {
	for _, long := range in.long {
		if option == long {
			return true
		}
	}
	return option[0] == '-' && option[1] != '-' && strings.ContainsAny(option, in.code)
}

// attached: text that is run may be in the option itself, as in -eprint or --eval=print.
func (in interpreter) attached(option string) bool {
	for _, long := range in.long {
		if strings.HasPrefix(option, long+"=") {
			return true
		}
	}
	before, _, _ := strings.Cut(option, "${")
	return len(before) > 1 && in.runs(before)
}

func (in interpreter) refuse(name string, t template) error {
	if len(t.parts) == 1 {
		return nil
	}
	for _, p := range t.parts {
		if p.kind == argument || p.kind == flag {
			inside := string(p.kind) + ":" + p.text
			return fmt.Errorf("${%s} stands within text that %s runs, so a call could have it run anything: pass it as an argument, such as "+in.say, inside, name, inside)
		}
	}
	return nil
}
