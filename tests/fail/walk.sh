#!/bin/sh
# SPDX-License-Identifier: MIT
# Fails the n-th malloc, read and write of each tool, n = 1, 2, 3, ... until the tool no longer gets that far.
# Each run exits with 0 or 1, never by a signal; a run whose write or read failed leaves nothing under the name of -o,
# or, where the tool worked around the failure and exits with 0, exactly what the undisturbed run writes.
: "${SEQ_SRC:?}" "${SEQ_BUILD:?}"
[ "${SEQ_SANITIZE:-no}" = no ] || { echo "not under sanitizers"; exit 77; }
lib=$SEQ_BUILD/tests/fail/.libs/libfailing.so
[ -f "$lib" ] || { echo "no preload (built without shared libraries)"; exit 77; }
LD_PRELOAD=$lib true || exit 77
status=0
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 99
export SEQ_MODEL="$SEQ_SRC/data/story-llama-draft.gguf"
printf 'Once upon a time' >text
tokenize -o tok.seq text && prefill --no-provenance -o ctx.seq tok.seq || { echo "the tools do not work undisturbed"; exit 1; }

python3 "$SEQ_SRC/tests/cli/opcase.py" "$SEQ_SRC/tests/ref/ops/hgrn" >names || { echo "no arrays"; exit 1; }

# At most this many n for each; from the 40th on in growing steps, so that long runs are sampled to their end.
next() { if [ "$1" -lt 40 ]; then echo $(($1 + 1)); else echo $(($1 + 1 + $1 / 16)); fi; }

walk() { # walk WHAT TOOL ARGUMENTS...
	what=$1; shift
	rm -f new.seq
	"$@" -o new.seq >/dev/null 2>&1 && mv new.seq good.seq || { echo "FAIL  $* undisturbed"; status=1; return; }
	n=1 tried=0 refused=0
	while :; do
		rm -f hits new.seq .new.seq.*
		FAIL_WHAT=$what FAIL_AT=$n FAIL_HITS=$dir/hits LD_PRELOAD=$lib "$@" -o new.seq >/dev/null 2>err </dev/null
		rc=$?
		[ -s hits ] || break
		tried=$((tried + 1))
		case $rc in
		0) cmp -s new.seq good.seq || { echo "FAIL  $what $n of $*: exit 0, but another output"; status=1; } ;;
		1)
			refused=$((refused + 1))
			[ ! -e new.seq ] || { echo "FAIL  $what $n of $*: a half file is left"; status=1; }
			[ -s err ] || { echo "FAIL  $what $n of $*: exit 1 without a word"; status=1; }
			;;
		127) : ;; # the loader could not start the program: its own read or mmap was hit
		*) echo "FAIL  $what $n of $*: exit $rc"; tail -n 3 err; status=1 ;;
		esac
		ls .new.seq.* >/dev/null 2>&1 && [ "$rc" != 127 ] && { echo "FAIL  $what $n of $*: a temporary file is left"; status=1; }
		n=$(next $n)
		[ $status = 0 ] || [ $tried -lt 400 ] || break
	done
	echo "$what: $tried failures in $1, $refused refused"
	[ $tried -gt 0 ] || { echo "FAIL  no $what of $* was ever hit"; status=1; }
}

for what in malloc read write; do
	walk $what tokenize --no-provenance text
	walk $what prefill -t 1 --no-provenance tok.seq
	walk $what decode -t 1 -n 3 --no-provenance ctx.seq
	walk $what seqcat --no-provenance ctx.seq
	# Arrays of numpy are mapped.
	[ $what = read ] || walk $what seqmix -t 1 --no-provenance --mixer hgrn x=x.npy g=g.npy state0=state0.npy
	walk $what quantize -t 1 --requantize -T Q4_0 "$SEQ_MODEL"
	# Text goes out by stdio, whose write inside the C library no preload sees; tests/cli/full.test has that case.
	[ $what = write ] && continue
	walk $what detokenize tok.seq
	walk $what score -t 1 tok.seq
	walk $what seqstat ctx.seq
	walk $what seqstat "$SEQ_MODEL"
done
exit $status
