#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mom_by_time.py CASE OUT: a copy of a mixture-of-memories case whose memories see their tokens in order of time.

flash-linear-attention 0.6.0 sorts tokens by memory with an unstable argsort, so within a memory they may come in any order
and outputs depend on later tokens: its single steps do not agree with its own full pass.  The logits are
computed here in float64 from the formulas (Du et al., MoM, 2025).  Needs numpy; run by hand.
    python3 tests/ref/mom_by_time.py ../shared/refs/fla/mom tests/ref/fla/mom-by-time
"""
import json
import os
import shutil
import struct
import sys

import numpy as np

case, out = sys.argv[1], sys.argv[2]
config = json.load(open(case + '/config.json'))
raw = open(case + '/model.safetensors', 'rb').read()
start = 8 + struct.unpack('<Q', raw[:8])[0]
weights = {}
for name, t in json.loads(raw[8:start]).items():
    if name != '__metadata__':
        lo, hi = t['data_offsets']
        weights[name] = np.frombuffer(raw[start + lo:start + hi], np.float32).reshape(t['shape']).astype(np.float64)
heads, dim, eps = config['num_heads'], config['head_dim'], config['norm_eps']
assert config['shared_mem'] and not config['single_kv_proj'] and config['expand_v'] == 1


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x * sigmoid(x)


def rms(x, w):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * w


def unit(x):
    return x / np.sqrt((x * x).sum(-1, keepdims=True) + 1e-6)


def conv(x, w):
    k = w.shape[-1]
    padded = np.vstack([np.zeros((k - 1, x.shape[1])), x])
    return silu(sum(padded[j:j + len(x)] * w[:, 0, j] for j in range(k)))


def memory(x, at, k, v, b, a):
    """The gated delta rule over the tokens x, in their order."""
    q = unit(conv(x @ at('q_proj.weight').T, at('q_conv1d.weight')).reshape(-1, heads, dim)) * dim ** -0.5
    keys = unit(conv(x @ at(k).T, at('k_conv1d.weight')).reshape(-1, heads, dim))
    values = conv(x @ at(v).T, at('v_conv1d.weight')).reshape(-1, heads, dim)
    beta = sigmoid(x @ at(b).T)
    decay = np.exp(-np.exp(at('A_log')) * np.log1p(np.exp(x @ at(a).T + at('dt_bias'))))
    y = np.zeros_like(values)
    for h in range(heads):
        s = np.zeros((dim, dim))
        for t in range(len(x)):
            s = s * decay[t, h]
            s = s + np.outer(keys[t, h], beta[t, h] * (values[t, h] - keys[t, h] @ s))
            y[t, h] = q[t, h] @ s
    return y.reshape(len(x), -1)


def mix(u, at):
    router = u @ at('gate.weight').T
    p = np.exp(router - router.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    chosen = np.argsort(-p, axis=1, kind='stable')[:, :config['topk']]
    weight = np.take_along_axis(p, chosen, 1)
    weight /= weight.sum(1, keepdims=True)
    o = memory(u, at, *['shared_%s.weight' % c for c in 'kvba'])
    for m in range(config['num_memories']):
        t, rank = np.nonzero(chosen == m)
        if len(t):
            o[t] += weight[t, rank][:, None] * memory(u[t], at, *['%s_proj.%d.weight' % (c, m) for c in 'kvba'])
    o = rms(o.reshape(len(u), heads, dim), at('o_norm.weight')).reshape(len(u), -1)
    return o * silu(u @ at('g_proj.weight').T) @ at('o_proj.weight').T


tokens = np.fromfile(case + '/tokens.i32', np.int32)
x = weights['model.embeddings.weight'][tokens]
for layer in range(config['num_hidden_layers']):
    name = 'model.layers.%d.' % layer
    x = x + mix(rms(x, weights[name + 'attn_norm.weight']), lambda n: weights[name + 'attn.' + n])
    u = rms(x, weights[name + 'mlp_norm.weight'])
    gate, up, down = [weights[name + 'mlp.%s_proj.weight' % n] for n in ('gate', 'up', 'down')]
    x = x + silu(u @ gate.T) * (u @ up.T) @ down.T
logits = rms(x, weights['model.norm.weight']) @ weights['lm_head.weight'].T

os.makedirs(out, exist_ok=True)
for f in ('config.json', 'model.safetensors', 'tokens.i32'):
    shutil.copy(case + '/' + f, out)
logits.astype('<f4').tofile(out + '/logits.f32')
json.dump({'arch': 'mom', 'T': len(tokens), 'V': logits.shape[1], 'dtype': 'f32', 'computed_in': 'float64', 'output': 'logits.f32',
           'tolerance': 0.0001, 'note': 'by tests/ref/mom_by_time.py'}, open(out + '/case.json', 'w'), indent=1)
