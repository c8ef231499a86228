import json, os, sys

def say(**message): print(json.dumps(message), flush=True)

names = json.loads(sys.stdin.readline())["names"]
path = os.environ.get("LONGHAUL_CHECKPOINT")
done = json.load(open(path)) if path else 0  # where an earlier attempt came to
say(ask={"key": "sure", "message": f"Write {len(names)} letters?", "within": 3600})
if json.loads(sys.stdin.readline())["action"] != "accept": sys.exit("nobody agreed")
for i, name in list(enumerate(names, 1))[done:]:
    print("Dear", name)
    say(progress=i, total=len(names), message=name)
    say(checkpoint=i)
say(result={"written": len(names) - done})
