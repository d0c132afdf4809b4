#!/bin/sh
# SPDX-License-Identifier: MIT
# The library (by seqcat) and the second reader agree on every stream of tests/files: both take the good ones and find
# the same in them, both refuse the others.  And the streams are what their script makes.
cd "${SEQ_SRC:?}/tests/files" || exit 99
command -v python3 >/dev/null || { echo "no python3"; exit 77; }
command -v seqcat >/dev/null || { echo "no seqcat"; exit 77; }
read2="python3 ../ref/seqread.py"
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
status=0 seen=0
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
bad() { echo "$*"; status=1; }

python3 make.py --check . || status=1
for f in good-*.seq; do
	seen=$((seen + 1))
	for form in --json --raw; do
		values=; [ $form = --raw ] || values='--values 0'
		# shellcheck disable=SC2086
		seqcat $form $values "$f" >"$dir/one" || bad "$f: seqcat $form fails"
		$read2 $form "$f" >"$dir/two"
		case $? in
		0) cmp -s "$dir/one" "$dir/two" || { bad "$f: $form differs:"; diff "$dir/one" "$dir/two" | head -4; } ;;
		77) echo "$f: not decodable here" ;;
		*) bad "$f: the second reader fails" ;;
		esac
	done
	# What seqcat writes is again a stream that both read alike, coded or not.
	for codec in none zstd; do
		seqcat --codec $codec -o "$dir/copy.seq" "$f" || bad "$f: seqcat --codec $codec fails"
		$read2 --raw "$f" >"$dir/one"; $read2 --raw "$dir/copy.seq" >"$dir/two" || bad "$f: its copy ($codec) is refused"
		cmp -s "$dir/one" "$dir/two" || bad "$f: its copy ($codec) differs"
	done
done
for f in bad-*.seq unsupported-*.seq; do
	seen=$((seen + 1))
	seqcat --json "$f" >/dev/null 2>"$dir/err" && bad "$f: seqcat takes it"
	[ "$(wc -l <"$dir/err")" = 1 ] || bad "$f: not one line of error"
	$read2 "$f" 2>/dev/null
	case $? in 1) ;; 77) echo "$f: not decodable here" ;; *) bad "$f: the second reader takes it" ;; esac
done
echo "$seen streams"
[ $seen -gt 50 ] || bad "too few streams"
exit $status
