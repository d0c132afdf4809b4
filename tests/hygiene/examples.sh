#!/bin/sh
# SPDX-License-Identifier: MIT
# The examples of the manual pages are run.  A block in EXAMPLES (.Bd .. .Ed, .EX .. .EE, .nf .. .fi) is a script;
# one that cannot run here is marked by a comment line  .\" norun: REASON  right before it.  Each page has a scratch
# folder with prompt.txt, book.txt, stories.jsonl, model.gguf and draft.gguf; its blocks run in order.
cd "${SEQ_SRC:?}" || exit 99
status=0 ran=0
src=$PWD
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
for page in man/*.[1-9]; do
	name=$(basename "$page")
	box=$dir/$name
	mkdir "$box" "$box.d"
	awk -v out="$box.d/" '
	function plain(s) { gsub(/\\&/, "", s); gsub(/\\-/, "-", s); gsub(/\\(dq|\(dq)/, "\"", s); gsub(/\\\(aq/, "\047", s)
		gsub(/\\e/, "\\", s); gsub(/\\\(ti/, "~", s); gsub(/\\\(ha/, "^", s); gsub(/\\\(bu/, "", s); return s }
	/^\.(Sh|SH) / { on = ($0 ~ /EXAMPLES?/); next }
	!on { next }
	/^\.\\" norun/ { skip = 1; next }
	/^\.(Bd|EX|nf)/ { in_block = 1; n++; file = sprintf("%s%03d", out, n); next }
	/^\.(Ed|EE|fi)/ { in_block = skip = 0; next }
	in_block && !skip && !/^\./ { s = plain($0); sub(/^[[:space:]]*\$ /, "", s); print s > file }
	' "$page"
	cp data/story-llama.gguf "$box/model.gguf" 2>/dev/null
	cp data/story-llama-draft.gguf "$box/draft.gguf" 2>/dev/null
	echo "Once upon a time" >"$box/prompt.txt"
	printf '%s\n' '{"text": "Once upon a time"}' '{"text": "Tom and Sue went to the park."}' >"$box/stories.jsonl"
	for i in 1 2 3 4 5 6; do echo "One day, a little bird named Mia saw a big red ball. She wanted to play with it."; done >"$box/book.txt"
	for script in "$box.d"/*; do
		[ -f "$script" ] || continue
		ran=$((ran + 1))
		( cd "$box" && bash -euo pipefail "$script" </dev/null >"$script.out" 2>"$script.err" )
		rc=$?
		[ $rc = 0 ] && continue
		echo "$page: an example exits with $rc:"; sed 's/^/    /' "$script"; tail -n 5 "$script.err" | sed 's/^/  > /'
		status=1
	done
done
cd "$src" || exit 99
echo "$ran examples"
exit $status
