#!/bin/bash
# SPDX-License-Identifier: MIT
# quants.sh MODEL TEXT [TOKENS]: what each type costs.  MODEL (any type that is read) is written as F32, which is the base;
# every type is made from it, without and with importances, and compared with it on the first TOKENS (1024) of the second half of
# TEXT; the importances come from the first half.  CSV on standard output.  The tools must be on PATH.
set -eu # head ends pipes early
model=$1 text=$2 tokens=${3-1024}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
half=$(($(wc -c <"$text") / 2))
quantize -T F32 --requantize -o "$dir/base.gguf" "$model"
ids() { tokenize -m "$dir/base.gguf" --bos | seqcat --raw | head -c $((4 * tokens)) | od -An -v -td4 | tr -s ' \n' ' ' | tokenize --ids; }
head -c "$half" "$text" | ids >"$dir/seen.seq"
tail -c "+$((half + 1))" "$text" | ids >"$dir/new.seq"
score -m "$dir/base.gguf" --imatrix "$dir/imatrix.seq" "$dir/seen.seq" >/dev/null
echo "type,imatrix,bytes,bits_per_weight,perplexity,perplexity_base,kl,kl_stderr,kl_max,top1_agreement,tokens"
for type in F16 BF16 Q8_0 Q6_K Q5_1 Q5_0 Q5_K_M Q5_K_S Q4_1 Q4_0 Q4_K_M Q4_K_S Q3_K_L Q3_K_M Q3_K_S Q2_K Q2_K_S; do
	for with in 0 1; do
		case $with$type in 1F16 | 1BF16 | 1Q8_0) continue ;; esac
		use=(); [ $with = 0 ] || use=(--imatrix "$dir/imatrix.seq")
		quantize -v -T $type "${use[@]}" -o "$dir/q.gguf" "$dir/base.gguf" 2>"$dir/log"
		score -m "$dir/base.gguf" --vs "$dir/q.gguf" "$dir/new.seq" | tail -n 1 >"$dir/score.json"
		python3 - $type $with "$dir" <<-'EOF'
			import json, os, re, sys
			kind, with_, d = sys.argv[1:]
			s = json.load(open(d + '/score.json'))
			bits = re.search(r'\(([0-9.]+) bits', open(d + '/log').read()).group(1)
			print(kind, with_, os.path.getsize(d + '/q.gguf'), bits, *('%.6g' % s[k] for k in ('perplexity_vs', 'perplexity', 'kl',
			      'kl_stderr', 'kl_max', 'top1_agreement')), s['scored'], sep=',', flush=True)
		EOF
	done
done
