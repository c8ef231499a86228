#!/bin/sh
# Lists the largest files beneath a directory: largest.sh COUNT DIRECTORY
set -eu
[ -d "$2" ] || { echo "$2: No such directory" >&2; exit 1; }
find "$2" -type f -printf '%s\t%P\n' | sort -rn | head -n "$1"
