#!/usr/bin/env bash
# Fetches the addresses in a file, one a line, into a directory: fetch.sh LIST DIRECTORY
# It asks first, tells how far it is, and after a crash goes on with the file that it was at.
set -euo pipefail

mapfile -t urls <"$1"
done=0
if [ -n "${LONGHAUL_CHECKPOINT-}" ]; then done=$(<"$LONGHAUL_CHECKPOINT"); fi

read -r _ # the call's arguments as JSON, which are "$@" here
echo "{\"ask\":{\"key\":\"sure\",\"message\":\"Fetch ${#urls[@]} files?\"}}"
read -r answer
[[ $answer == *'"action":"accept"'* ]] || { echo "nobody agreed" >&2; exit 1; }

for ((i = done; i < ${#urls[@]}; i++)); do
  curl --fail --silent --show-error --location --output "$2/$((i + 1))" -- "${urls[i]}" </dev/null
  echo "fetched ${urls[i]}"
  echo "{\"checkpoint\":$((i + 1))}"
  echo "{\"progress\":$((i + 1)),\"total\":${#urls[@]}}"
done
