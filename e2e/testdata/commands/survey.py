#!/usr/bin/env python3
"""Adds up the numbers to 100, one step at a time, so that a test can see what each attempt did.

Arguments: {"gates": "a directory", "log": "a file"}. Before the steps 30 and 80 it waits for a file of that name among the gates. After
step 50 it asks for a number to add. The log gets a line for each step: the attempt and the step.
"""

import json
import os
import pathlib
import sys
import time


def say(**message):
    print(json.dumps(message), flush=True)


def resumed():
    path = os.environ.get("LONGHAUL_CHECKPOINT")
    return json.loads(pathlib.Path(path).read_text()) if path else {"at": 0, "sum": 0}


def extra():
    say(ask={"key": "extra", "message": "Which number shall be added?", "schema": {
        "type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}})
    answer = json.loads(sys.stdin.readline())
    return answer["content"]["number"] if answer["action"] == "accept" else 0


def main():
    arguments = json.loads(sys.stdin.readline())
    state = resumed()
    while state["at"] < 100:
        step = state["at"] + 1
        while step in (30, 80) and not (pathlib.Path(arguments["gates"]) / str(step)).exists():
            time.sleep(0.01)
        with open(arguments["log"], "a") as log:
            log.write(f"{os.environ['LONGHAUL_ATTEMPT']} {step}\n")
        state = {"at": step, "sum": state["sum"] + step}
        if step == 50:
            state["sum"] += extra()
        say(progress=step, total=100, message=f"step {step}")
        say(checkpoint=state)
    (pathlib.Path(os.environ["LONGHAUL_OUT"]) / "sum.txt").write_text(str(state["sum"]))
    say(result={"sum": state["sum"]})


main()
