#!/usr/bin/env python3
"""Writes its process id and those of its children into the file "pids", and then ends for nobody who only asks.

One child is in its group, one has a session of its own.
"""

import json
import os
import signal
import subprocess
import sys
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
arguments = json.loads(sys.stdin.readline())
deaf = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"]
children = [subprocess.Popen(deaf), subprocess.Popen(deaf, start_new_session=True)]
with open(arguments["pids"] + ".part", "w") as file:
    file.write(" ".join(str(pid) for pid in [os.getpid(), *(child.pid for child in children)]))
os.rename(arguments["pids"] + ".part", arguments["pids"])
time.sleep(600)
