# shellcheck shell=bash
# Sourced by the scripts beside it: where things are, and how a process is started, waited for and ended.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=$ROOT/.cache
cd "$ROOT" || exit 1

say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# scratch makes this script's own directory. The one that a program inherits (TMPDIR) may be long: sockets need short names.
scratch() { mktemp -d "/tmp/longhaul-${0##*/}.XXXXXX"; }

started=() # process ids of everything that start began and stop_all must end

# start NAME COMMAND... runs a command in the background, its output in $WORK/NAME.log.
start() {
	local name=$1; shift
	"$@" >"$WORK/$name.log" 2>&1 </dev/null &
	started+=($!)
}

# stop_all ends what start began, last started first, by process id.
stop_all() {
	local i pid
	for ((i = ${#started[@]} - 1; i >= 0; i--)); do
		pid=${started[i]}
		kill "$pid" 2>/dev/null || continue
		for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep .1; done
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	started=()
}

# logs shows the ends of all logs: what one wants to see after a failure.
logs() {
	local log
	for log in "$WORK"/*.log; do
		[ -s "$log" ] && printf -- '--- %s\n' "${log##*/}" && tail -n 30 "$log"
	done >&2
	return 0
}

# wait_for SECONDS WHAT COMMAND... polls until the command succeeds.
wait_for() {
	local seconds=$1 what=$2; shift 2
	local deadline=$((SECONDS + seconds))
	until "$@" >/dev/null 2>&1; do
		((SECONDS < deadline)) || die "no $what after $seconds s"
		sleep .2
	done
}

# free_port prints a port of the loopback address that nobody listens on.
free_port() {
	local port
	while port=$((20000 + RANDOM % 12000)) && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
	echo "$port"
}

# status prints the HTTP status of a URL, 000 if there is none within 3 s.
status() { curl -s -o /dev/null -m 3 -w '%{http_code}' "$1" || true; }

ok() { [ "$(status "$1")" = 200 ]; }

# mcp URL METHOD NAME PARAMS posts one request of protocol 2026-07-28, with the tasks extension declared. PARAMS is a JSON object
# without its braces; NAME is what the request is about (a tool, a task id), or empty.
mcp() {
	local url=$1 method=$2 name=$3 params=$4
	local meta='"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"curl","version":"1"},"io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}'
	curl -sS -m 10 "$url" -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
		-H 'MCP-Protocol-Version: 2026-07-28' -H "Mcp-Method: $method" ${name:+-H "Mcp-Name: $name"} \
		-d "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$method\",\"params\":{${params:+$params,}$meta}}"
}

# field NAME prints the first string field of that name in the JSON on standard input.
field() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }
