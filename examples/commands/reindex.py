#!/usr/bin/env python3
"""Indexes the words of the text files beneath a directory, and leaves the index as index.json.

Arguments, on stdin: {"directory": "...", "full": true}. With full, it asks before it forgets what an earlier attempt has indexed.
"""

import json
import os
import pathlib
import re
import sys

CHECKPOINT_EVERY = 10


def say(**message):
    print(json.dumps(message), flush=True)


def ask(key, message):
    """Puts a yes-or-no question, and waits for the answer."""
    say(ask={"key": key, "message": message})
    return json.loads(sys.stdin.readline())["action"] == "accept"


def resumed():
    path = os.environ.get("LONGHAUL_CHECKPOINT")
    if path is None:
        return {"done": 0, "words": {}}
    return json.loads(pathlib.Path(path).read_text())


def main():
    arguments = json.loads(sys.stdin.readline())
    files = sorted(pathlib.Path(arguments["directory"]).rglob("*.txt"))
    state = resumed()
    begin = state["done"]
    if arguments.get("full") and not ask("full", f"Index {len(files)} files anew?"):
        sys.exit("nobody agreed to a full index")
    for at, file in list(enumerate(files))[begin:]:
        for word in set(re.findall(r"\w+", file.read_text(errors="replace").lower())):
            state["words"][word] = state["words"].get(word, 0) + 1
        state["done"] = at + 1
        say(progress=at + 1, total=len(files), message=f"indexing {file.name}")
        if state["done"] % CHECKPOINT_EVERY == 0:
            say(checkpoint=state)
            if os.environ.get("REINDEX_FAILS_AT") == str(state["done"]) and os.environ["LONGHAUL_ATTEMPT"] == "1":
                sys.exit("stopped here as the test wants it")
    out = pathlib.Path(os.environ["LONGHAUL_OUT"]) / "index.json"
    out.write_text(json.dumps(state["words"], indent=1, sort_keys=True))
    say(result={"files": len(files), "words": len(state["words"]), "resumed": begin})


main()
