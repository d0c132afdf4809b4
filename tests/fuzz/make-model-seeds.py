#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tiny models for the fuzz targets: make-model-seeds.py FOLDER writes FOLDER/{gguf,safetensors,config,npy}/*."""
import json, os, struct, sys

D, H, FF, V, I, N, R, K = 8, 2, 12, 5, 16, 4, 2, 4


def text(s):
    return struct.pack("<Q", len(s.encode())) + s.encode()


def value(v):
    if isinstance(v, bool):
        return 7, struct.pack("<B", v)
    if isinstance(v, int):
        return 4, struct.pack("<I", v)
    if isinstance(v, float):
        return 6, struct.pack("<f", v)
    if isinstance(v, str):
        return 8, text(v)
    parts = [value(x) for x in v]
    return 9, struct.pack("<IQ", parts[0][0], len(v)) + b"".join(p[1] for p in parts)


def gguf(keys, tensors):
    head = struct.pack("<IIQQ", 0x46554747, 3, len(tensors), len(keys))
    for k, v in keys.items():
        t, b = value(v)
        head += text(k) + struct.pack("<I", t) + b
    at, data = 0, b""
    for name, shape in tensors.items():
        n = 4
        for d in shape:
            n *= d
        head += text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", d) for d in reversed(shape))
        head += struct.pack("<IQ", 0, at)
        data += b"\x00\x00\x80\xbe" * (n // 4) + b"\0" * (-n % 32)
        at += n + -n % 32
    return head + b"\0" * (-len(head) % 32) + data


def safetensors(tensors):
    head, at = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors.items():
        n = 4
        for d in shape:
            n *= d
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + n]}
        at += n
    text_ = json.dumps(head).encode()
    return struct.pack("<Q", len(text_)) + text_ + b"\x00\x00\x80\xbe" * (at // 4)


def llama(names):
    e, q, k, v, o, n1, n2, g, u, d, last = names
    return {e: [V, D], q: [D, D], k: [D // 2, D], v: [D // 2, D], o: [D, D], n1: [D], n2: [D], g: [FF, D], u: [FF, D],
            d: [D, FF], last: [D]}


words = {"tokenizer.ggml.tokens": ["a", "b", "", "cd", "\u00e9"], "tokenizer.ggml.scores": [0.0, -1.0, 0.5, 0.0, 2.0]}
B, L, M, G = "blk.0.", "model.layers.0.", "backbone.layers.0.mixer.", "transformer.h.0."
files = {
    "gguf/llama": gguf({"general.architecture": "llama", "llama.block_count": 1, "llama.embedding_length": D,
                        "llama.feed_forward_length": FF, "llama.attention.head_count": H, "llama.attention.head_count_kv": [1],
                        "llama.rope.scaling.type": "yarn", "llama.rope.scaling.factor": 4.0, "llama.context_length": 64,
                        "llama.rope.scaling.original_context_length": 16, "general.name": "seed", "a.bool": True, **words},
                       llama(["token_embd.weight"] + [B + x + ".weight" for x in (
                           "attn_q", "attn_k", "attn_v", "attn_output", "attn_norm", "ffn_norm", "ffn_gate", "ffn_up",
                           "ffn_down")] + ["output_norm.weight"])),
    "gguf/mamba": gguf({"general.architecture": "mamba", "mamba.block_count": 1, "mamba.embedding_length": D,
                        "mamba.ssm.conv_kernel": K, "mamba.ssm.inner_size": I, "mamba.ssm.state_size": N,
                        "mamba.ssm.time_step_rank": R, "mamba.attention.layer_norm_rms_epsilon": 1e-5},
                       {"token_embd.weight": [V, D], "output_norm.weight": [D], B + "attn_norm.weight": [D],
                        B + "ssm_in.weight": [2 * I, D], B + "ssm_conv1d.weight": [I, K], B + "ssm_conv1d.bias": [I],
                        B + "ssm_x.weight": [R + 2 * N, I], B + "ssm_dt.weight": [I, R], B + "ssm_dt.bias": [I],
                        B + "ssm_a": [I, N], B + "ssm_d": [I], B + "ssm_out.weight": [D, I]}),
}
hf = llama(["model.embed_tokens.weight"] + [L + x + ".weight" for x in (
    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "input_layernorm",
    "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")] + ["model.norm.weight"])
gpt2 = {"transformer.wte.weight": [V, D], "transformer.wpe.weight": [16, D], G + "attn.c_attn.weight": [D, 3 * D],
        G + "attn.c_attn.bias": [3 * D], G + "attn.c_proj.weight": [D, D], G + "attn.c_proj.bias": [D],
        G + "mlp.c_fc.weight": [D, 4 * D], G + "mlp.c_fc.bias": [4 * D], G + "mlp.c_proj.weight": [4 * D, D],
        G + "mlp.c_proj.bias": [D], G + "attn.bias": [1, 1, 2, 2]}
for norm in (G + "ln_1", G + "ln_2", "transformer.ln_f"):
    gpt2[norm + ".weight"] = gpt2[norm + ".bias"] = [D]
mamba2 = {"backbone.embeddings.weight": [V, D], "backbone.norm_f.weight": [D], "backbone.layers.0.norm.weight": [D],
          M + "in_proj.weight": [2 * I + 2 * N + 4, D], M + "conv1d.weight": [I + 2 * N, 1, K], M + "conv1d.bias": [I + 2 * N],
          M + "dt_bias": [4], M + "A_log": [4], M + "D": [4], M + "norm.weight": [I], M + "out_proj.weight": [D, I]}
base = {"hidden_size": D, "num_hidden_layers": 1, "num_attention_heads": H, "num_key_value_heads": 1, "intermediate_size": FF,
        "max_position_embeddings": 64, "tie_word_embeddings": True}
models = {
    "llama": ({"model_type": "llama", **base, "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
               "high_freq_factor": 4.0, "original_max_position_embeddings": 16}}, hf),
    "gemma3": ({"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", **base, "head_dim": 4,
                "layer_types": ["sliding_attention"], "sliding_window": 4, "rope_parameters": {
                    "full_attention": {"rope_theta": 1e6, "rope_type": "linear", "factor": 8.0},
                    "sliding_attention": {"rope_theta": 1e4, "rope_type": "default"}}}},
               {**hf, L + "pre_feedforward_layernorm.weight": [D], L + "post_feedforward_layernorm.weight": [D],
                L + "self_attn.q_norm.weight": [4], L + "self_attn.k_norm.weight": [4]}),
    "gpt2": ({"model_type": "gpt2", "n_embd": D, "n_layer": 1, "n_head": H, "n_inner": None, "n_positions": 16,
              "scale_attn_by_inverse_layer_idx": True}, gpt2),
    "mamba2": ({"model_type": "mamba2", "hidden_size": D, "num_hidden_layers": 1, "num_heads": 4, "head_dim": 4, "n_groups": 1,
                "state_size": N, "conv_kernel": K, "time_step_limit": [0.0, {"__float__": "Infinity"}],
                "tie_word_embeddings": True}, mamba2),
}
for name, (config, tensors) in models.items():
    files["safetensors/" + name] = safetensors(tensors)
    files["config/" + name] = json.dumps(config).encode() + b"\0" + safetensors(tensors)

for version, (descr, shape, size) in enumerate([("<f4", "(2, 3)", 24), ("<f2", "(4,)", 8), ("|u1", "()", 1)], 1):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n" % (descr, shape)
    length = struct.pack("<H" if version == 1 else "<I", len(head))
    files["npy/%d" % version] = b"\x93NUMPY" + bytes([version, 0]) + length + head.encode() + b"\x3c" * size

for name, data in files.items():
    path = os.path.join(sys.argv[1], name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
