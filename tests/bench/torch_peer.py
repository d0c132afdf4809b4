#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time transformers on PyTorch's CPU kernels with random f32 weights of a benchmark size.

usage: torch_peer.py SHAPE [--threads 2] [--prompt 512] [--gen 16]
  SHAPE  llama-0.5b mamba-0.4b mamba2-0.4b qwen3next-0.6b: the sizes of the GGUF files of the same names
Prints one JSON line with prefill_tps and decode_tps.  Needs torch and transformers."""
import argparse, json, time
import torch
from transformers import AutoConfig, AutoModelForCausalLM

V = 32000
SHAPES = {
    "llama-0.5b": dict(model_type="llama", hidden_size=896, num_hidden_layers=24, num_attention_heads=14, num_key_value_heads=2,
                       intermediate_size=4864, vocab_size=V, max_position_embeddings=32768),
    "mamba-0.4b": dict(model_type="mamba", hidden_size=1024, num_hidden_layers=48, state_size=16, time_step_rank=64, vocab_size=V),
    "mamba2-0.4b": dict(model_type="mamba2", hidden_size=1024, num_hidden_layers=48, state_size=128, num_heads=32, head_dim=64,
                        n_groups=1, vocab_size=V),
    "qwen3next-0.6b": dict(model_type="qwen3_next", hidden_size=1024, num_hidden_layers=16, num_attention_heads=8,
                           num_key_value_heads=2, head_dim=128, linear_num_key_heads=8, linear_num_value_heads=16,
                           linear_key_head_dim=128, linear_value_head_dim=128, moe_intermediate_size=512,
                           shared_expert_intermediate_size=512, num_experts=16, num_experts_per_tok=4, vocab_size=V),
}
p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("shape", choices=SHAPES)
p.add_argument("--threads", type=int, default=2)
p.add_argument("--prompt", type=int, default=512)
p.add_argument("--gen", type=int, default=16)
a = p.parse_args()
torch.set_num_threads(a.threads)
torch.manual_seed(1)
config = AutoConfig.for_model(**SHAPES[a.shape])
with torch.inference_mode():
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    ids = torch.randint(3, V, (1, a.prompt))
    model(ids[:, :8], use_cache=True)
    t0 = time.perf_counter()
    out = model(ids, use_cache=True, logits_to_keep=1) if config.model_type != "mamba" else model(ids, use_cache=True)
    prefill = time.perf_counter() - t0
    key = "past_key_values" if getattr(out, "past_key_values", None) is not None else "cache_params"
    t0 = time.perf_counter()
    for i in range(a.gen):
        last = out.logits[:, -1:].argmax(-1)
        more = {key: getattr(out, key)}
        if key == "cache_params":
            more["cache_position"] = torch.tensor([a.prompt + i])
        out = model(last, use_cache=True, **more)
    decode = time.perf_counter() - t0
print(json.dumps(dict(peer="transformers on torch " + torch.__version__, model=a.shape, threads=a.threads, prompt=a.prompt,
                      prefill_tps=round(a.prompt / prefill, 1), decode_tps=round(a.gen / decode, 2))))
