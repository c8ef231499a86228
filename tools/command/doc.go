// Package command makes any program a durable tool.
//
//	err := command.Add(&reg, command.Command{
//		Tool: tasks.Tool{Name: "reindex", InputSchema: schema},
//		Args: []string{"python3", "${base}/reindex.py"},
//	})
//
// main must begin with Supervise (launch.Main, launch.Server and launch.Worker do).
//
// # Arguments
//
// No shell is involved. The call's arguments, checked against the tool's input schema, reach the program in one or both of two ways: as one
// JSON object in one line on stdin, and by placeholders in its argument list and its variables:
//
//	${arg:name}      the argument's value: a string as it is, anything else as JSON; always within one argument of the program
//	${arg:name...}   a list: as many arguments of the program as it has items, each with the text around the placeholder
//	${flag:name}     like ${arg:name}, and it may begin with - (also ${flag:name...})
//	${if:name}       nothing, if the argument was given and is not false
//	${out}, ${base}  the directory LONGHAUL_OUT; where relative paths of the configuration begin
//	$${              a literal ${
//
// In variables there are two more, looked up at each start (package reference). They are not allowed in arguments, which everyone on the machine
// can see:
//
//	${env:NAME}      a variable of this process
//	${file:PATH}     the content of a file, of 64 KiB at most, without the line breaks at its end; a relative path begins at Base
//
// An element (or a variable) with a placeholder whose argument was not given, or is null, is left out as a whole: "--since=${arg:since}" appears
// only with a value, "${if:full}--full" only if full is true. An empty string is a value.
//
// A value never becomes an option by accident: one that begins with -, also a negative number, is refused where it would begin an argument, unless the template
// has an element -- before it, or says ${flag:…}. Write "--since=${arg:since}", or put "--" before names of files.
//
// Nor does a value become a part of what an interpreter runs: ${arg:…} and ${flag:…} within the text after sh -c (bash, dash, zsh), python -c, node -e,
// perl -e or ruby -e are refused. Pass them: sh, -c, 'echo "$1"', sh, ${arg:who}. (Text that is nothing but a placeholder is meant so.)
//
// # Input
//
// The program finds its arguments on stdin, and then its end (Input: Document), so that jq or json.load work. A program that asks needs
// Input: Dialog: the arguments are the first line, and stdin stays open for answers, so it reads line by line; a program that ends only when
// its stdin has ended (Node) closes it. None: stdin is empty.
//
// # Environment
//
// A program gets PATH, HOME, LANG, TZ and TMPDIR, what the configuration names, nothing else of the worker's, and:
//
//	LONGHAUL_TASK        the task's id
//	LONGHAUL_ATTEMPT     counts the attempts at the task, from 1
//	LONGHAUL_OUT         a directory: files that are left there are part of the result
//	LONGHAUL_CHECKPOINT  a file with the last checkpoint; not set if there is none
//
// This does not protect the worker's secrets: what runs as the worker's own user can read the worker's memory and /proc/PID/environ. Programs
// that are not trusted need a User of their own.
//
// # Output
//
// A line of stdout that is one of these JSON objects, with these members and no others, is a message (of 4 MiB at most):
//
//	{"progress":3,"total":10,"message":"…"}   how far it is; total and message may be left out
//	{"log":"…","level":"warning"}             for those who follow the call; debug, info (if left out), warning or error
//	{"checkpoint":…}                          what a later attempt finds in LONGHAUL_CHECKPOINT; durable before more is read
//	{"ask":{"key":"…","message":"…",          a form for the user; without a schema it has no fields. within: seconds to answer in;
//	        "schema":{…},"within":600,        otherwise: the content that counts if nobody does. The key names the question in its
//	        "otherwise":{…}}}                 task for good
//	{"result":…}                              an object is the structured result, a string its text; the last one counts
//
// Everything else is plain output and part of the result's text, of which the first and the last 64 KiB are kept. Where there is a blob store
// (-blob), all of it, up to 4 GiB, is an artifact, output.txt, which the result links to if it has over 128 KiB or if some of it was drawn over
// (the result's own resource has the excerpt); meanwhile it lies beneath Root. Without one the rest is lost, and the log of the call says so. Flush after each message: in Python
// print(…, flush=True).
//
// A line that is drawn over and over with carriage returns, on stdout or stderr, as the bars of curl and rsync are, counts as a terminal shows it
// in the end. Until the program tells its progress by messages, what it draws is that, without colours and other escape sequences. Only output.txt
// has every byte: that of lines which end in bare carriage returns, too, for they are taken for a drawing. A line of over 4 KiB is none.
//
// A line that looks like a message but is none, because a member is missing, unknown or of the wrong type, is output too. For the first few such
// lines the log of the call says what is wrong.
//
// Of the files in LONGHAUL_OUT (100 at most) the result shows texts of up to 64 KiB and images of up to 1 MiB. Where there is a blob store it links to
// all of them, 4 GiB together unless Artifacts says more; without one the others are only named. An object that is the result, or otherwise a new one, gets a member artifacts that lists them
// (File), unless the output schema names its properties and that is none of them.
//
// Each answer is one line on stdin, in the order in which they come:
//
//	{"key":"…","action":"accept","content":{…}}   also decline and cancel, without content
//	{"key":"…","action":"unanswered"}             nobody answered within the time
//	{"key":"…","action":"unable"}                 the client cannot answer questions
//
// A question that is not answered within the policy's Park ends the attempt: the program is stopped, and started again when the answer is
// there. It asks the same question again and gets the answer at once. Until it has ended it may run beside its successor for as long as
// its Grace, unless the policy says Exclusive.
//
// Lines of stderr go to the log of the call, 20 a second together with {"log"}.
//
// # The end
//
// Exit status 0 is a result, of what this attempt printed and left; of a program that printed and left nothing the end of stderr is shown.
// Anything else is the tool's error: its text has the status or signal, and the end of stderr (of stdout, if that is empty). The policy counts it as a failure, and its Attempts say whether another attempt follows (by default none does). As with
// any tool, Rerun is on: after a crash or a deploy the program is started again, with its last checkpoint.
//
// Where an attempt ends early (cancelled, timed out, drained, parked, lost) the program's whole process group gets SIGTERM, and SIGKILL
// after Grace. What a program writes within that time still counts: SIGTERM is the moment for a last checkpoint. When the program itself
// has ended, what it started is ended too.
//
// On Linux each program has a supervisor, a small process of the same executable. It ends the program's descendants, also those that left
// the group or the session, and does so as well if the worker is killed. Programs cannot gain privileges (sudo, setuid) unless the worker is
// root: it must be able to end what it starts. Elsewhere a program is ended with its group only, and not if the worker is killed. Under systemd say
// KillMode=mixed, or a stop reaches the programs before the worker can let them finish.
//
// # What it does not do
//
// It does not give a program a file system of its own, nor keep it from the network. A program with an output schema must print a result that
// fits it.
package command
