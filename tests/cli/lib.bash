# SPDX-License-Identifier: MIT
# What the tests of this folder share.  A check that fails says so and ends the test with 1.

unset BASH_ENV
note() { printf '%s\n' "$*" >&3; }
wrong() { note "FAIL: $*"; exit 1; }
skip() { note "skip: $*"; exit 77; }

# same A B [WHAT]: equal byte for byte.
same() { cmp "$1" "$2" >&3 2>&3 || wrong "${3-$1 and $2} differ"; }

# exits CODES COMMAND...: the command's status is one of CODES ("1", "0|1"); standard error goes to ./err.
exits() {
	local codes=$1 rc
	shift
	"$@" 2>err; rc=$?
	case "|$codes|" in *"|$rc|"*) return 0 ;; esac
	note "$(tail -n 5 err)"
	wrong "exit $rc, expected $codes: $*"
}

# says PATTERN: the last command run by exits left one line on standard error, of this pattern, beginning with the tool.
says() {
	[ "$(wc -l <err)" = 1 ] || { note "$(cat err)"; wrong "one line expected on standard error ($1)"; }
	# shellcheck disable=SC2254
	case $(cat err) in $1) ;; *) note "$(cat err)"; wrong "standard error is not like: $1" ;; esac
}

# Numbers of a text, one space between: [1, 2] and "1\n2" become "1 2".
numbers() { tr -cs '0-9-' ' ' | sed 's/^ //; s/ $//'; }

# expected MODEL INDEX FIELD: from data/MODEL.expected.json.
expected() {
	python3 -c 'import json, sys
x = json.load(open(sys.argv[1]))[int(sys.argv[2])][sys.argv[3]]
sys.stdout.write(x if isinstance(x, str) else " ".join(map(str, x)))' "$DATA/$1.expected.json" "$2" "$3"
}

mamba2=$DATA/story-mamba2.gguf llama=$DATA/story-llama.gguf draft=$DATA/story-llama-draft.gguf
