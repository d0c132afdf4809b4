#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mamba2_limits.py CASE OUT LO HI: a copy of a Mamba-2 case whose time steps are clamped to [LO, HI].

The logits are computed here in float64 from the formulas (Dao, Gu, 2024): they first have to equal those of CASE,
whose limits do not bite, within its tolerance; then the limits are set.  Needs numpy; run by hand.
    python3 tests/ref/mamba2_limits.py tests/ref/hf/mamba2 tests/ref/hf/mamba2-dt-limit 0.05 0.4
"""
import json
import os
import shutil
import struct
import sys

import numpy as np

case, out, lo, hi = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
config = json.load(open(case + '/config.json'))
raw = open(case + '/model.safetensors', 'rb').read()
start = 8 + struct.unpack('<Q', raw[:8])[0]
weight = {n: np.frombuffer(raw, np.float32, (t['data_offsets'][1] - t['data_offsets'][0]) // 4, start + t['data_offsets'][0])
          .astype(np.float64).reshape(t['shape']) for n, t in json.loads(raw[8:start]).items() if n != '__metadata__'}
tokens = np.fromfile(case + '/tokens.i32', np.int32)
want = np.fromfile(case + '/logits.f32', np.float32).reshape(len(tokens), -1)
D, H, P, N, G, K = (config[k] for k in ('hidden_size', 'num_heads', 'head_dim', 'state_size', 'n_groups', 'conv_kernel'))
I, eps = H * P, config['layer_norm_epsilon']


def silu(x):
    return x / (1 + np.exp(-x))


def rms(x, w, e=eps):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + e) * w


def mixer(p, u, limits):
    zx = u @ weight[p + 'in_proj.weight'].T
    z, xbc, dt = zx[:, :I], zx[:, I:2 * I + 2 * G * N], zx[:, 2 * I + 2 * G * N:]
    padded = np.vstack([np.zeros((K - 1, xbc.shape[1])), xbc])
    taps = weight[p + 'conv1d.weight'][:, 0]
    xbc = silu(sum(padded[k:k + len(u)] * taps[:, k] for k in range(K)) + weight[p + 'conv1d.bias'])
    x = xbc[:, :I].reshape(-1, H, P)
    B = np.repeat(xbc[:, I:I + G * N].reshape(-1, G, N), H // G, 1)
    C = np.repeat(xbc[:, I + G * N:].reshape(-1, G, N), H // G, 1)
    dt = np.clip(np.log1p(np.exp(dt + weight[p + 'dt_bias'])), *limits)
    A, S, y = -np.exp(weight[p + 'A_log']), np.zeros((H, P, N)), np.zeros_like(x)
    for t in range(len(u)):
        S = S * np.exp(dt[t] * A)[:, None, None] + (dt[t][:, None] * x[t])[:, :, None] * B[t][:, None, :]
        y[t] = (S * C[t][:, None, :]).sum(-1) + weight[p + 'D'][:, None] * x[t]
    y = (y.reshape(-1, I) * silu(z)).reshape(-1, G, I // G)
    y = (y / np.sqrt((y * y).mean(-1, keepdims=True) + eps)).reshape(-1, I) * weight[p + 'norm.weight']
    return y @ weight[p + 'out_proj.weight'].T


def logits(limits):
    x = weight['backbone.embeddings.weight'][tokens]
    for layer in range(config['num_hidden_layers']):
        p = f'backbone.layers.{layer}.'
        x = x + mixer(p + 'mixer.', rms(x, weight[p + 'norm.weight']), limits)
    x = rms(x, weight['backbone.norm_f.weight'])
    return x @ weight['lm_head.weight' if 'lm_head.weight' in weight else 'backbone.embeddings.weight'].T


info = json.load(open(case + '/case.json'))
free = logits((0, np.inf))
apart = abs(free - want).max()
print('unlimited: largest difference from the case', apart)
assert apart <= info['tolerance']
y = logits((lo, hi))
print('limits change the logits by up to', abs(y - free).max())
os.makedirs(out, exist_ok=True)
config['time_step_limit'] = [lo, hi]
json.dump(config, open(out + '/config.json', 'w'), indent=2)
json.dump({'arch': 'mamba2', 'T': len(tokens), 'V': y.shape[1], 'dtype': 'f32', 'computed_in': 'float64', 'output': 'logits.f32',
           'tolerance': info['tolerance'], 'note': 'by tests/ref/mamba2_limits.py'}, open(out + '/case.json', 'w'), indent=1)
y.astype(np.float32).tofile(out + '/logits.f32')
for name in ('model.safetensors', 'tokens.i32'):
    shutil.copyfile(case + '/' + name, out + '/' + name)
