#!/bin/sh
# SPDX-License-Identifier: MIT
# seqcat and seqstat on the streams of this folder, as a user types them.
cd "${SEQ_SRC:?}/tests/files" || exit 99
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
status=0
# is NAME CODE: standard output of the command on the last lines was want (in $dir/want), its status CODE.
is() {
	cmp -s "$dir/want" "$dir/out" || { echo "$1:"; diff "$dir/want" "$dir/out"; status=1; }
	[ "$2" = "$rc" ] || { echo "$1: exit $rc, expected $2: $(cat "$dir/err")"; status=1; }
}
run() { "$@" >"$dir/out" 2>"$dir/err"; rc=$?; cat >"$dir/want"; }

run seqcat --text --no-provenance good-state.seq <<'EOF'
begin fingerprint=11111111111111111111111111111111 model=m
tokens seq=0 role=1 I32[3]: 1 2 3
state seq=0 layer=0 role=1 F16[2][2]: 1 2 3 4
state seq=0 layer=65535 role=65535 F32[3]: 1 2 3
commit seq=0 U8[8]: 3 0 0 0 0 0 0 0
logits seq=0 F32[1][2]: 0 1
tokens seq=0 I32[1]: 4
end
EOF
is "--text" 0

run seqcat --only tokens,note --text good-join-tokens.seq good-join-tokens.seq <<'EOF'
note seq=0 name=k U8[4]: kept
tokens seq=0 I32[2]: 7 8
tokens seq=1 I32[1]: 9
note seq=2 name=k U8[4]: kept
tokens seq=2 I32[2]: 7 8
tokens seq=3 I32[1]: 9
EOF
is "four parts" 0

run seqcat --json --only logits good-logits.seq <<'EOF'
{"kind":"logits","seq":0,"layer":0,"role":0,"dtype":"F32","shape":[2,4],"bytes":32,"data":[0.5,-1,3.25,1.00000000e-30,null,null,null,0]}
{"kind":"logits","seq":0,"layer":0,"role":0,"dtype":"F32","shape":[3],"bytes":12,"data":[1,2,3]}
EOF
sed 's/1.00000000e-30/1e-30/' "$dir/want" >"$dir/w"; mv "$dir/w" "$dir/want"
is "--json" 0

run seqcat --seq 4 --only tokens --raw good-notes.seq <<'EOF'
EOF
printf '\005\000\000\000' >"$dir/want"
is "--seq --raw" 0

# Unknown kinds that may be skipped are copied, in order; --only takes their number.
seqcat --no-provenance good-unknown-skippable.seq >"$dir/copy.seq"
run seqcat --text --only 40000,65535 "$dir/copy.seq" <<'EOF'
kind 40000 seq=3 U8[5]: 104 101 108 108 111
kind 65535 seq=0 name=x U8[0]
EOF
is "unknown kinds" 0

# Cut: what was complete is passed on, the copy is cut as well, and -o leaves nothing.
run seqcat --only tokens --text bad-no-end.seq <<'EOF'
tokens seq=0 I32[3]: 1 2 3
EOF
is "a cut stream" 1
run sh -c 'seqcat bad-no-end.seq | seqcat --only tokens --text' <<'EOF'
tokens seq=0 I32[3]: 1 2 3
EOF
is "a cut stream, second stage" 1
run seqcat -o "$dir/new.seq" bad-no-end.seq </dev/null
is "-o" 1
[ -e "$dir/new.seq" ] && { echo "-o left a file"; status=1; }

# A stream in, the same stream out, byte for byte; none of it depends on who reads it.
seqcat --no-provenance good-state.seq >"$dir/a.seq" && seqcat --no-provenance <"$dir/a.seq" >"$dir/b.seq" &&
	cmp "$dir/a.seq" "$dir/b.seq" || status=1

for wrong in "--only tokens,nonsense" "--only begin" "--seq 3-" "--seq 5-2" "--seq -1" "--seq a" "--text --raw" "--values -1"; do
	# shellcheck disable=SC2086
	run seqcat $wrong good-empty.seq </dev/null
	is "$wrong" 2
done
run seqcat --npy good-state.seq </dev/null
is "--npy of unlike frames" 1
run seqcat --npy good-empty.seq </dev/null
is "--npy of nothing" 1

if command -v python3 >/dev/null; then
	seqcat --npy --only tokens good-join-tokens.seq >"$dir/t.npy" || status=1
	run python3 - "$dir/t.npy" <<'EOF'
EOF
	python3 -c '
import ast, struct, sys
b = open(sys.argv[1], "rb").read()
assert b[:8] == b"\x93NUMPY\x01\x00", b[:8]
n = struct.unpack("<H", b[8:10])[0]
assert (10 + n) % 64 == 0 and b[10 + n - 1:10 + n] == b"\n"
print(ast.literal_eval(b[10:10 + n].decode()), struct.unpack("<3i", b[10 + n:]))' "$dir/t.npy" >"$dir/out"; rc=$?
	echo "{'descr': '<i4', 'fortran_order': False, 'shape': (3,)} (7, 8, 9)" >"$dir/want"
	is "--npy" 0
fi

run seqstat --check good-join-states.seq good-empty.seq <<'EOF'
good-join-states.seq: whole, 8 frames in 2 parts
good-empty.seq: whole, 0 frames in 1 part
EOF
is "seqstat --check" 0
run seqstat --check good-empty.seq bad-payload-check.seq good-zstd.seq <<'EOF'
good-empty.seq: whole, 0 frames in 1 part
good-zstd.seq: whole, 1 frames in 1 part
EOF
is "seqstat --check, one is bad" 1
grep -q '^seqstat: bad-payload-check.seq: frame 2 (tokens): checksum mismatch$' "$dir/err" || { cat "$dir/err"; status=1; }
run sh -c 'seqstat good-join-states.seq | sed 1,4d' <<'EOF'
  kind      role   layers  array                          frames          bytes         stored
  state        0        0  F32[1]                              3             12             12
  commit       0           U8[0]                               3              0              0
  note         0           k U8[11]                            1             11             11
  tokens       0           I32[1]                              1              4              4
  sequence new tokens past tokens  layers    state bytes  state
         0          0          0       1              4  complete, after 0 tokens
         1          0          0       1              4  complete, after 0 tokens
         2          0          0       1              4  complete, after 0 tokens
         3          1          0       0              0  none
EOF
is "seqstat" 0
[ "$(seqstat --cpu | cut -d' ' -f1 | tr '\n' ' ')" = "detected built chosen " ] || { echo "--cpu"; status=1; }
if command -v python3 >/dev/null; then
	seqstat --json good-*.seq | python3 -c 'import json, sys
for line in sys.stdin: json.loads(line)' || status=1
	for f in good-*.seq; do seqcat --json "$f"; done | python3 -c 'import json, sys
for line in sys.stdin: json.loads(line)' || status=1
fi
exit $status
