#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Byte pairs of GPT-2 on one core: bench_token, Hugging Face tokenizers and tiktoken, in turns; medians as CSV.

    peer_encode.py BENCH_TOKEN GPT-2.gguf TEXT...

Wants the Python packages tokenizers and tiktoken.  Time is the processor's, not the clock's."""
import os, statistics, struct, subprocess, sys, time

os.environ.update(TOKENIZERS_PARALLELISM="false", RAYON_NUM_THREADS="1")
import tiktoken, tokenizers
from tokenizers import models, pre_tokenizers


def strings(data, key):
    at = data.index(struct.pack("<Q", len(key)) + key.encode()) + 8 + len(key)
    kind, element, n = struct.unpack_from("<IIQ", data, at)
    assert (kind, element) == (9, 8)
    at, out = at + 16, []
    for _ in range(n):
        (k,) = struct.unpack_from("<Q", data, at)
        out.append(data[at + 8:at + 8 + k].decode())
        at += 8 + k
    return out


def byte_of():
    plain = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    rest = [b for b in range(256) if b not in plain]
    return {chr(c): b for c, b in zip(plain + [256 + i for i in range(len(rest))], plain + rest)}


def timed(run):
    t = time.process_time()
    n = run()
    return time.process_time() - t, n


def main(bench, path, *texts):
    data = open(path, "rb").read()
    pieces, merges = (strings(data, "tokenizer.ggml." + k) for k in ("tokens", "merges"))
    hf = tokenizers.Tokenizer(models.BPE(vocab={p: i for i, p in enumerate(pieces)}, merges=[tuple(m.split(" ")) for m in merges]))
    hf.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    spelt = byte_of()
    ranks = {bytes(spelt[c] for c in p): i for i, p in enumerate(pieces) if all(c in spelt for c in p) and p != "<|endoftext|>"}
    tt = tiktoken.Encoding("gpt2", pat_str=r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+""",
                           mergeable_ranks=ranks, special_tokens={})
    print("text,bytes,who,ids,mb_per_s")
    for text in texts:
        whole = open(text, encoding="utf-8").read()
        size = len(whole.encode())
        took = {"libseq": [], "tokenizers": [], "tiktoken": []}
        ids = {}
        for _ in range(3):
            line = subprocess.run([bench, path, text], check=True, capture_output=True, text=True).stdout.split()[-1].split(",")
            took["libseq"].append(float(line[4]) / 1e3), ids.update(libseq=int(line[3]))
            for who, run in (("tokenizers", lambda: len(hf.encode(whole).ids)), ("tiktoken", lambda: len(tt.encode_ordinary(whole)))):
                s, ids[who] = timed(run)
                took[who].append(s)
        for who, s in took.items():
            print(f"{os.path.basename(text)},{size},{who},{ids[who]},{size / 1e6 / statistics.median(s):.1f}", flush=True)


main(*sys.argv[1:])
