#!/bin/bash
# SPDX-License-Identifier: MIT
# A public model of 135M parameters, on request (make check-real): its tokenizer, perplexity, answers, and the law of same bits.
set -euo pipefail
: "${SEQ_SRC:?}"
model=$("$SEQ_SRC/tests/real/fetch.sh")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export SEQ_MODEL=$model
fails=0
check() { if [ "$2" = 0 ]; then echo "ok    $1"; else echo "FAIL  $1"; fails=$((fails + 1)); fi; }

seqstat "$model" | sed -n 1,12p

# Plain English prose of our own; a 135M model finds it unsurprising.
cat >text <<'EOF'
The harbour was quiet in the early morning. A few boats lay at the pier, and the fishermen were mending their nets while the sun
came up over the hills. One of them told the others about a storm he had seen many years ago, when the waves were so high
that nobody could leave the house for three days. They listened, drank their coffee, and looked at the sea.
EOF
tokenize --no-bos text | detokenize | cmp - text && rc=0 || rc=1
check "text comes back from tokens byte for byte" $rc

tokenize text | score >score.json
cat score.json
python3 - <<'EOF' && rc=0 || rc=1
import json
d = json.loads(open('score.json').read().strip().split('\n')[-1])
ppl = next(v for k, v in d.items() if 'perplexity' in k)
assert 5 < ppl < 40, ppl
EOF
check "perplexity between 5 and 40" $rc

printf '<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n' >ask
tokenize --special ask | prefill -v | decode -v --temp 0 -n 24 | detokenize >answer
cat answer; echo
grep -q Paris answer && rc=0 || rc=1
check "the capital of France" $rc

tokenize text | prefill --no-provenance -t 1 --chunk 7 >a.seq
tokenize text | prefill --no-provenance -t 2 >b.seq
cmp a.seq b.seq && rc=0 || rc=1
check "the same bits with 1 and 2 threads, chunks of 7 and whole" $rc
echo "$fails failed"
[ $fails = 0 ]
