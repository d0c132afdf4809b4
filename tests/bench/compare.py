#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time libseq side by side with llama.cpp on the same GGUF files.

usage: compare.py --tools BUILD/tools --peer 'PYTHON PEER.py' [--rounds 5] [--threads 2]
                  [--prompt 512] [--gen 32] [--depth 0] [--csv FILE] MODEL.gguf ...

Runs alternate (ours, peer, ours, peer ...); the medians and the median of the ratios pair by
pair are printed, one line a file, and appended to the CSV with CPU, flags and commit.
With --depth N decoding starts behind N tokens that are run beforehand, once.
The peer is any command that takes MODEL --threads --prompt --gen --depth --repeat 1 and prints
one JSON line with prefill_tps and decode_tps.
"""
import argparse
import csv
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument('model', nargs='+')
ap.add_argument('--tools', required=True)
ap.add_argument('--peer', default='')
ap.add_argument('--rounds', type=int, default=5)
ap.add_argument('--threads', type=int, default=2)
ap.add_argument('--prompt', type=int, default=512)
ap.add_argument('--gen', type=int, default=32)
ap.add_argument('--depth', type=int, default=0)
ap.add_argument('--csv')
a = ap.parse_args()
T = a.tools.rstrip('/') + '/'


def seconds(stderr):
    m = re.search(r'([\d.]+) s, ([\d.]+) tokens/s', stderr)
    if not m:
        sys.exit('no speed in: ' + stderr)
    return float(m.group(1))


def run(cmd, stdin, stdout):
    p = subprocess.run(cmd, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, text=False)
    if p.returncode:
        sys.exit(f'{cmd}: exit {p.returncode}: {p.stderr.decode()}')
    return p.stderr.decode()


def prefill(model, tokens, state):
    with open(tokens) as f:
        return seconds(run([T + 'prefill', '-m', model, '-t', str(a.threads), '-v', '-o', state], f, None))


def decode(model, start, n):
    with open(start) as f:
        return seconds(run([T + 'decode', '-m', model, '-t', str(a.threads), '-v', '-n', str(n), '--ignore-eos', '--temp', '0'],
                           f, subprocess.DEVNULL))


def ours(model, scratch):
    pre = prefill(model, os.path.join(scratch, 'tokens.seq'), os.path.join(scratch, 'state.seq'))
    if a.depth: # without the time that reading the state takes
        deep = os.path.join(scratch, 'deep.seq')
        dec = decode(model, deep, a.gen + 1) - decode(model, deep, 1)
    else:
        dec = decode(model, os.path.join(scratch, 'one.seq'), a.gen)
    return a.prompt / pre, a.gen / dec


def peer(model):
    out = subprocess.run([*a.peer.split(), model, '--threads', str(a.threads), '--prompt', str(a.prompt),
                          '--gen', str(a.gen), '--depth', str(a.depth), '--repeat', '1'], capture_output=True, text=True, check=True).stdout
    j = json.loads(out.strip().splitlines()[-1])
    return j['prefill_tps'], j['decode_tps']


def ids(path, n):
    random.seed(1)
    text = ' '.join(str(random.randrange(300, 30000)) for _ in range(n)) + '\n'
    with open(path, 'w') as f:
        subprocess.run([T + 'tokenize', '--ids', '--no-bos'], input=text, text=True, stdout=f, check=True)


cpu = next((l.split(':')[1].strip() for l in open('/proc/cpuinfo') if l.startswith('model name')), 'unknown')
commit = subprocess.run(['git', 'rev-parse', '--short', 'HEAD'], capture_output=True, text=True).stdout.strip()
with tempfile.TemporaryDirectory() as d:
    ids(os.path.join(d, 'tokens.seq'), a.prompt)
    ids(os.path.join(d, 'one.seq'), 1)
    for m in a.model:
        if a.depth:
            ids(os.path.join(d, 'before.seq'), a.depth)
            prefill(m, os.path.join(d, 'before.seq'), os.path.join(d, 'deep.seq'))
        rows = []
        for _ in range(a.rounds):
            o = ours(m, d)
            rows.append((*o, *(peer(m) if a.peer else (float('nan'),) * 2)))
        med = [statistics.median(r[i] for r in rows) for i in range(4)]
        ratio = [statistics.median(r[i] / r[i + 2] for r in rows) for i in range(2)]
        name, at = os.path.basename(m), f' at {a.depth}' if a.depth else ''
        print(f'{name}: prefill {med[0]:.1f} / {med[2]:.1f} t/s = {ratio[0]:.2f}x   decode{at} {med[1]:.1f} / {med[3]:.1f} t/s = {ratio[1]:.2f}x', flush=True)
        if a.csv:
            new = not os.path.exists(a.csv)
            with open(a.csv, 'a', newline='') as f:
                w = csv.writer(f)
                if new:
                    w.writerow(['model', 'prompt', 'gen', 'depth', 'threads', 'rounds', 'prefill_tps', 'decode_tps', 'peer_prefill_tps',
                                'peer_decode_tps', 'prefill_ratio', 'decode_ratio', 'cpu', 'commit'])
                w.writerow([name, a.prompt, a.gen, a.depth, a.threads, a.rounds, *(round(x, 2) for x in med), *(round(x, 3) for x in ratio), cpu, commit])
