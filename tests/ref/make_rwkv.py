#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""RWKV 4 to 7 under their authors' names, random weights: make_rwkv.py FOLDER writes a case for every version, half as
safetensors without a configuration, half as rwkv.cpp's files, with logits computed here in float64, token by token, from
the papers' formulas; make_rwkv.py --seeds FOLDER writes the smallest ones, models alone, for the fuzz target."""
import json, os, struct, sys
import numpy as np

VERSIONS = {"4": 4, "5.1": 5, "5.2": 5, "6": 6, "7": 7}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def norm(x, w, b, eps=1e-5):
    c = x - x.mean(-1, keepdims=True)
    return c / np.sqrt((c * c).mean(-1, keepdims=True) + eps) * w + b


def weights(name, C, H, F, V, L, R, seed):
    """As in a .pth file: matrices [out][in], the small ones of 6 and 7 [in][out]."""
    rng, v, N = np.random.default_rng(seed), VERSIONS[name], C // H
    w = {}

    def put(key, *shape, std=0.5, mean=0.0):
        w[key] = (rng.standard_normal(shape) * std + mean).astype(np.float32)

    def ln(key, n=C):
        put(key + ".weight", n, std=0.2, mean=1), put(key + ".bias", n, std=0.1)

    def mix(key, *shape):
        w[key] = rng.random(shape).astype(np.float32)

    put("emb.weight", V, C, std=1)
    for i in range(L):
        b, a, f = f"blocks.{i}.", f"blocks.{i}.att.", f"blocks.{i}.ffn."
        ln(b + "ln1"), ln(b + "ln2")
        if i == 0:
            ln(b + "ln0")
        for m in ("receptance", "key", "value", "output"):
            put(a + m + ".weight", C, C, std=C ** -0.5)
        put(f + "key.weight", F, C, std=C ** -0.5), put(f + "value.weight", C, F, std=F ** -0.5)
        if v < 7:
            put(f + "receptance.weight", C, C, std=C ** -0.5)
        if v > 4:
            ln(a + "ln_x")
        if v in (4, 5):
            for x in "kvr" + ("g" if name == "5.2" else ""):
                mix(a + "time_mix_" + x, 1, 1, C)
            mix(f + "time_mix_k", 1, 1, C), mix(f + "time_mix_r", 1, 1, C)
        if v == 4:
            put(a + "time_decay", C), put(a + "time_first", C)
        if name == "5.1":
            put(a + "time_decay", H), put(a + "time_first", H)
        if name == "5.2":
            put(a + "time_decay", H, N), put(a + "time_faaaa", H, N)
        if name in ("5.2", "6"):
            put(a + "gate.weight", C, C, std=C ** -0.5)
        if v == 6:
            for x in "xwkvrg":
                mix(a + "time_maa_" + x, 1, 1, C)
            mix(f + "time_maa_k", 1, 1, C), mix(f + "time_maa_r", 1, 1, C)
            put(a + "time_maa_w1", C, 5 * R, std=0.3), put(a + "time_maa_w2", 5, R, C, std=0.3)
            put(a + "time_decay_w1", C, R, std=0.3), put(a + "time_decay_w2", R, C, std=0.3)
            put(a + "time_decay", 1, 1, C), put(a + "time_faaaa", H, N)
        if v == 7:
            for x in "rwkvag":
                mix(a + "x_" + x, 1, 1, C)
            mix(f + "x_k", 1, 1, C)
            for x in "wavg":
                if x == "v" and i == 0:
                    continue
                put(a + x + "1", C, R, std=0.3), put(a + x + "2", R, C, std=0.3)
                if x != "g":
                    put(a + x + "0", 1, 1, C)
            put(a + "k_k", 1, 1, C, std=0.3, mean=0.8), put(a + "k_a", 1, 1, C, std=0.1, mean=1), put(a + "r_k", H, N)
    ln("ln_out"), put("head.weight", V, C, std=C ** -0.5)
    return w


class Model:
    def __init__(self, name, w, H, eps=64e-5):
        """eps: of the norm by heads."""
        self.name, self.v, self.H, self.eps = name, VERSIONS[name], H, eps
        self.w = {k: x.astype(np.float64) for k, x in w.items()}
        self.C = w["emb.weight"].shape[1]
        self.layers = 1 + max(int(k.split(".")[1]) for k in w if k.startswith("blocks."))
        N = self.C // H
        self.time = [np.zeros(self.C) for _ in range(self.layers)]
        self.channel = [np.zeros(self.C) for _ in range(self.layers)]
        self.S = [np.zeros((H, N, N)) for _ in range(self.layers)]
        self.num, self.den = np.zeros((self.layers, self.C)), np.zeros((self.layers, self.C))

    def time4(self, i, p, x, before):
        w = self.w
        r, k, v = (w[p + m + ".weight"] @ (x * w[p + "time_mix_" + m[0]].ravel() + before * (1 - w[p + "time_mix_" + m[0]].ravel()))
                   for m in ("receptance", "key", "value"))
        e = np.exp(w[p + "time_first"] + k)
        y = (self.num[i] + e * v) / (self.den[i] + e)
        decay = np.exp(-np.exp(w[p + "time_decay"]))
        self.num[i], self.den[i] = decay * self.num[i] + np.exp(k) * v, decay * self.den[i] + np.exp(k)
        return w[p + "output.weight"] @ (sigmoid(r) * y)

    def heads(self, i, p, r, k, v, decay, u):
        """Of 5 and 6: o = r (S + u k v), S = decay S + k v, rows of S are channels of k."""
        H, N = self.H, self.C // self.H
        r, k, v, decay, u = (z.reshape(H, N) for z in (r, k, v, decay, u))
        kv = k[:, :, None] * v[:, None, :]
        o = np.einsum("hk,hkv->hv", r, self.S[i] + u[:, :, None] * kv)
        self.S[i] = decay[:, :, None] * self.S[i] + kv
        return norm(o, self.w[p + "ln_x.weight"].reshape(H, N), self.w[p + "ln_x.bias"].reshape(H, N), self.eps).ravel()

    def time5(self, i, p, x, before):
        w, N = self.w, self.C // self.H
        part = lambda m: x * w[p + "time_mix_" + m].ravel() + before * (1 - w[p + "time_mix_" + m].ravel())
        r, k, v = (w[p + m + ".weight"] @ part(m[0]) for m in ("receptance", "key", "value"))
        decay = np.exp(-np.exp(w[p + "time_decay"]))
        if self.name == "5.1":
            o = self.heads(i, p, r, k, v, np.repeat(decay, N), np.repeat(np.exp(w[p + "time_first"]), N))
        else:
            g = w[p + "gate.weight"] @ part("g")
            o = self.heads(i, p, r, k, v, decay, w[p + "time_faaaa"]) * g * sigmoid(g)
        return w[p + "output.weight"] @ o

    def time6(self, i, p, x, before):
        w, d = self.w, before - x
        h = np.tanh((x + d * w[p + "time_maa_x"].ravel()) @ w[p + "time_maa_w1"]).reshape(5, -1)
        xs = {m: x + d * (w[p + "time_maa_" + m].ravel() + h[j] @ w[p + "time_maa_w2"][j]) for j, m in enumerate("wkvrg")}
        r, k, v, g = (w[p + m + ".weight"] @ xs[m[0]] for m in ("receptance", "key", "value", "gate"))
        decay = np.exp(-np.exp(w[p + "time_decay"].ravel() + np.tanh(xs["w"] @ w[p + "time_decay_w1"]) @ w[p + "time_decay_w2"]))
        return w[p + "output.weight"] @ (self.heads(i, p, r, k, v, decay, w[p + "time_faaaa"]) * g * sigmoid(g))

    def time7(self, i, p, x, before):
        w, H, N = self.w, self.H, self.C // self.H
        xs = {m: x + (before - x) * w[p + "x_" + m].ravel() for m in "rwkvag"}
        r, k, v = (w[p + m + ".weight"] @ xs[m[0]] for m in ("receptance", "key", "value"))
        decay = np.exp(-np.exp(-0.5) * sigmoid(w[p + "w0"].ravel() + np.tanh(xs["w"] @ w[p + "w1"]) @ w[p + "w2"]))
        a = sigmoid(w[p + "a0"].ravel() + xs["a"] @ w[p + "a1"] @ w[p + "a2"])
        g = sigmoid(xs["g"] @ w[p + "g1"]) @ w[p + "g2"]
        if i == 0:
            self.first = v
        else:
            v = v + (self.first - v) * sigmoid(w[p + "v0"].ravel() + xs["v"] @ w[p + "v1"] @ w[p + "v2"])
        kk = (k * w[p + "k_k"].ravel()).reshape(H, N)
        kk /= np.linalg.norm(kk, axis=1, keepdims=True)
        k = k * (1 + (a - 1) * w[p + "k_a"].ravel())
        r, k, v, decay, a = (z.reshape(H, N) for z in (r, k, v, decay, a))
        S = self.S[i]  # [H][value][key]
        S = S * decay[:, None, :] - np.einsum("hvk,hk->hv", S, kk)[:, :, None] * (kk * a)[:, None, :] + v[:, :, None] * k[:, None, :]
        self.S[i] = S
        o = np.einsum("hvk,hk->hv", S, r)
        o = norm(o, w[p + "ln_x.weight"].reshape(H, N), w[p + "ln_x.bias"].reshape(H, N), self.eps)
        o = o + (r * k * w[p + "r_k"]).sum(1, keepdims=True) * v
        return w[p + "output.weight"] @ (o.ravel() * g)

    def channel_mix(self, p, x, before):
        w, d = self.w, before - x
        own = {4: "time_mix_", 5: "time_mix_", 6: "time_maa_", 7: "x_"}[self.v]
        mu = lambda m: w[p + own + m].ravel() if self.v > 5 else 1 - w[p + own + m].ravel()
        y = w[p + "value.weight"] @ np.maximum(w[p + "key.weight"] @ (x + d * mu("k")), 0) ** 2
        return y if self.v == 7 else y * sigmoid(w[p + "receptance.weight"] @ (x + d * mu("r")))

    def step(self, token):
        w, mix = self.w, {4: self.time4, 5: self.time5, 6: self.time6, 7: self.time7}[self.v]
        ln = lambda key, x: norm(x, w[key + ".weight"], w[key + ".bias"])
        x = ln("blocks.0.ln0", w["emb.weight"][token])
        for i in range(self.layers):
            a = ln(f"blocks.{i}.ln1", x)
            x = x + mix(i, f"blocks.{i}.att.", a, self.time[i])
            self.time[i] = a
            a = ln(f"blocks.{i}.ln2", x)
            x = x + self.channel_mix(f"blocks.{i}.ffn.", a, self.channel[i])
            self.channel[i] = a
        return w["head.weight"] @ ln("ln_out", x)


def safetensors(w):
    head, at = {}, 0
    for k, x in w.items():
        head[k] = {"dtype": "F32", "shape": x.shape, "data_offsets": [at, at + x.nbytes]}
        at += x.nbytes
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(x.tobytes() for x in w.values())


def converted(name, w, H):
    """What rwkv.cpp's converter makes of each tensor."""
    v, out = VERSIONS[name], {}
    for k, x in w.items():
        last = k.split(".")[-1]
        if ".time_" in k:
            x = x.squeeze()
        if v == 7 and ".att." in k and last[0] == "x":
            fused = k[:k.rindex(".")] + ".x_rwkvag"
            out[fused] = np.concatenate([out[fused], x]) if fused in out else x
            continue
        if v == 7 and last in ("w1", "w2", "a1", "a2", "v1", "v2", "g1", "g2"):
            x = x.T
        if v == 6:
            x = x[..., None] if last == "time_faaaa" else x.T if last in ("time_maa_w1", "time_decay_w1", "time_decay_w2") else \
                x.transpose(0, 2, 1) if last == "time_maa_w2" else x.reshape(H, -1, 1) if last == "time_decay" else x
        if v == 5 and last == "time_decay":
            x = np.exp(-np.exp(x)).reshape(H, -1, 1)
        if v == 5 and last == "time_first":
            x = np.exp(x).reshape(H, 1, 1)
        if v == 5 and last == "time_faaaa":
            x = x[..., None]
        if v == 4 and last == "time_decay":
            x = -np.exp(x)
        out[k] = np.ascontiguousarray(x)
    return out


def rwkv_cpp(name, w, H):
    V, C = w["emb.weight"].shape
    layers = sum(k.endswith("ln1.weight") for k in w)
    data = struct.pack("<6I", 0x67676d66, 101, V, C, layers, 0)
    for k, x in converted(name, w, H).items():
        data += struct.pack("<3I", x.ndim, len(k), 0) + struct.pack(f"<{x.ndim}I", *reversed(x.shape)) + k.encode() + x.tobytes()
    return data


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def seeds(folder):
    for n, name in enumerate(VERSIONS):
        w = weights(name, C=8, H=2, F=6, V=5, L=2, R=2, seed=n)
        write(f"{folder}/{name}.bin", rwkv_cpp(name, w, 2))
        write(f"{folder}/{name}.safetensors", safetensors(w))


def cases(folder):
    T, V = 40, 48
    for n, name in enumerate(VERSIONS):
        w = weights(name, C=24, H=3, F=40, V=V, L=2, R=5, seed=100 + n)
        tokens = np.random.default_rng(n).integers(0, V, T).astype("<i4")
        for kind in ("bin", "pth"):
            # rwkv.cpp has another eps in version 5 than the authors.
            eps = 1e-5 if VERSIONS[name] == 5 and kind == "bin" else 64e-5
            m, at = Model(name, w, 3, eps), f"{folder}/{name}-{kind}/"
            logits = np.array([m.step(t) for t in tokens])
            write(at + "model." + ("bin" if kind == "bin" else "safetensors"), rwkv_cpp(name, w, 3) if kind == "bin" else safetensors(w))
            write(at + "tokens.i32", tokens.tobytes())
            write(at + "logits.f32", logits.astype("<f4").tobytes())
            write(at + "case.json", json.dumps({"arch": "rwkv " + name, "T": T, "V": V, "tolerance": 1e-4,
                                                "made by": "tests/ref/make_rwkv.py, float64"}, indent=1).encode() + b"\n")


if __name__ == "__main__":
    if sys.argv[1] == "--seeds":
        seeds(sys.argv[2])
    else:
        cases(sys.argv[1])
