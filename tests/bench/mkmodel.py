#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write a GGUF of random weights and benchmark size: speed does not depend on the values.

usage: mkmodel.py SHAPE TYPE OUT.gguf
  SHAPE  rwkv7-0.4b      24 layers, width 1024, heads of 64, channel mix 4096, vocabulary 32000
         qwen3next-0.6b  16 layers, every fourth full attention, width 1024, 8 key and 16 value heads of 128,
                         16 experts of 512, 4 a token, and a shared one, vocabulary 32000
  TYPE   F16 BF16 Q8_0 Q4_0
Small projections (low rank, routers), norms and vectors are as llama.cpp's converter leaves them.  Needs gguf and numpy."""
import sys
import numpy as np
from gguf import GGUFWriter, GGMLQuantizationType as T, TokenType, quants

V, D, CONTEXT = 32000, 1024, 32768


class Maker:
    def __init__(self, path, arch, layers, kind):
        self.w, self.arch, self.kind, self.rng = GGUFWriter(path, arch, use_temp_file=True), arch, kind, np.random.default_rng(1)
        w = self.w
        w.add_block_count(layers), w.add_embedding_length(D), w.add_context_length(CONTEXT)
        tokens = [b"<unk>", b"<s>", b"</s>"] + [b"<0x%02X>" % i for i in range(256)]
        tokens += [b"t%d" % i for i in range(V - len(tokens))]
        w.add_tokenizer_model("llama"), w.add_token_list(tokens), w.add_token_scores([-float(i) for i in range(V)])
        w.add_token_types([TokenType.UNKNOWN] + [TokenType.CONTROL] * 2 + [TokenType.BYTE] * 256 + [TokenType.NORMAL] * (V - 259))
        w.add_bos_token_id(1), w.add_eos_token_id(2)
        self.matrix("token_embd.weight", V, D), self.matrix("output.weight", V, D)

    def key(self, name, value):
        add = self.w.add_float32 if isinstance(value, float) else self.w.add_uint32
        (self.w.add_array if isinstance(value, list) else add)(f"{self.arch}.{name}", value)

    def random(self, *dims):
        return self.rng.standard_normal(dims, dtype=np.float32) * np.float32(dims[-1] ** -0.5)

    def matrix(self, name, *dims):
        self.w.add_tensor(name, quants.quantize(self.random(*dims), self.kind), raw_dtype=self.kind)

    def small(self, name, *dims):
        self.w.add_tensor(name, self.random(*dims))

    def vector(self, name, n, value=1.0):
        self.w.add_tensor(name, np.full(n, value, np.float32))

    def norm(self, name, n=D):
        self.vector(name + ".weight", n), self.vector(name + ".bias", n, 0.0)

    def done(self):
        self.w.write_header_to_file(), self.w.write_kv_data_to_file(), self.w.write_tensors_to_file(), self.w.close()


def rwkv7(path, kind):
    layers, F, decay, rate, residual, gate = 24, 4096, 64, 64, 64, 128
    m = Maker(path, "rwkv7", layers, kind)
    for k, v in {"attention.layer_norm_epsilon": 1e-5, "wkv.head_size": 64, "attention.decay_lora_rank": decay,
                 "attention.iclr_lora_rank": rate, "attention.value_residual_mix_lora_rank": residual,
                 "attention.gate_lora_rank": gate, "feed_forward_length": F, "attention.head_count": 0}.items():
        m.key(k, v)
    m.norm("token_embd_norm"), m.norm("output_norm")
    for i in range(layers):
        b = f"blk.{i}."
        for name in ("attn_norm", "attn_norm_2", "time_mix_ln"):
            m.norm(b + name)
        for name, rank in (("w", decay), ("a", rate), ("v", residual)):
            m.vector(b + f"time_mix_{name}0.weight", D, -1.0)
            m.small(b + f"time_mix_{name}1.weight", rank, D), m.small(b + f"time_mix_{name}2.weight", D, rank)
        m.small(b + "time_mix_g1.weight", gate, D), m.small(b + "time_mix_g2.weight", D, gate)
        for name in ("k_a", "k_k", "r_k"):
            m.vector(b + f"time_mix_{name}.weight", D, 0.5)
        for name in ("key", "value", "receptance", "output"):
            m.matrix(b + f"time_mix_{name}.weight", D, D)
        m.w.add_tensor(b + "time_mix_lerp_fused.weight", np.full((6, 1, 1, D), 0.5, np.float32))
        m.vector(b + "channel_mix_lerp_k.weight", D, 0.5)
        m.matrix(b + "channel_mix_key.weight", F, D), m.matrix(b + "channel_mix_value.weight", D, F)
    m.done()


def qwen3next(path, kind):
    layers, experts, used, F, S, hk, hv, dk, H, KV, hd = 16, 16, 4, 512, 512, 8, 16, 128, 8, 2, 128
    inner, channels = hv * dk, 2 * hk * dk + hv * dk
    m = Maker(path, "qwen3next", layers, kind)
    for k, v in {"feed_forward_length": F, "attention.head_count": H, "attention.head_count_kv": KV, "rope.freq_base": 1e7,
                 "attention.layer_norm_rms_epsilon": 1e-6, "expert_count": experts, "expert_used_count": used,
                 "attention.key_length": hd, "attention.value_length": hd, "expert_feed_forward_length": F,
                 "expert_shared_feed_forward_length": S, "ssm.conv_kernel": 4, "ssm.state_size": dk, "ssm.group_count": hk,
                 "ssm.time_step_rank": hv, "ssm.inner_size": inner, "full_attention_interval": 4,
                 "rope.dimension_count": hd // 4}.items():
        m.key(k, v)
    m.vector("output_norm.weight", D)
    for i in range(layers):
        b = f"blk.{i}."
        m.vector(b + "attn_norm.weight", D), m.vector(b + "post_attention_norm.weight", D)
        if i % 4 == 3:
            m.matrix(b + "attn_q.weight", 2 * H * hd, D), m.matrix(b + "attn_output.weight", D, H * hd)
            m.matrix(b + "attn_k.weight", KV * hd, D), m.matrix(b + "attn_v.weight", KV * hd, D)
            m.vector(b + "attn_q_norm.weight", hd), m.vector(b + "attn_k_norm.weight", hd)
        else:
            m.matrix(b + "attn_qkv.weight", channels, D), m.matrix(b + "attn_gate.weight", inner, D)
            m.matrix(b + "ssm_ba.weight", 2 * hv, D), m.matrix(b + "ssm_out.weight", D, inner)
            m.vector(b + "ssm_a", hv, -1.0), m.vector(b + "ssm_dt.bias", hv, -3.0), m.vector(b + "ssm_norm.weight", dk)
            m.small(b + "ssm_conv1d.weight", channels, 4)
        m.matrix(b + "ffn_gate_exps.weight", experts, F, D), m.matrix(b + "ffn_up_exps.weight", experts, F, D)
        m.matrix(b + "ffn_down_exps.weight", experts, D, F), m.small(b + "ffn_gate_inp.weight", experts, D)
        m.matrix(b + "ffn_gate_shexp.weight", S, D), m.matrix(b + "ffn_up_shexp.weight", S, D)
        m.matrix(b + "ffn_down_shexp.weight", D, S), m.vector(b + "ffn_gate_inp_shexp.weight", D, 0.02)
    m.done()


SHAPES = {"rwkv7-0.4b": rwkv7, "qwen3next-0.6b": qwen3next}
if len(sys.argv) != 4 or sys.argv[1] not in SHAPES:
    sys.exit(__doc__)
SHAPES[sys.argv[1]](sys.argv[3], T[sys.argv[2]])
