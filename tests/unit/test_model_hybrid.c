/* SPDX-License-Identifier: MIT */
/* Configurations of hybrid models without their weights: the numbers and the kinds of layers that published ones
 * mean, and one sentence for each that contradicts itself. */
#include "config_box.h"

static void granite4(void **state)
{
	(void)state;
	seq_model *m = good("{\"model_type\": \"granitemoehybrid\", \"attention_multiplier\": 0.0078125, \"embedding_multiplier\": 12,"
		"\"hidden_act\": \"silu\", \"hidden_size\": 1536, \"intermediate_size\": 512, \"layer_types\": [\"mamba\", \"mamba\","
		"\"attention\", \"mamba\"], \"logits_scaling\": 6, \"mamba_chunk_size\": 256, \"mamba_conv_bias\": true, \"mamba_d_conv\": 4,"
		"\"mamba_d_head\": 64, \"mamba_d_state\": 128, \"mamba_expand\": 2, \"mamba_n_groups\": 1, \"mamba_n_heads\": 48,"
		"\"mamba_proj_bias\": false, \"normalization_function\": \"rmsnorm\", \"num_attention_heads\": 12,"
		"\"num_experts_per_tok\": 6, \"num_hidden_layers\": 4, \"num_key_value_heads\": 4, \"num_local_experts\": 64,"
		"\"position_embedding_type\": \"nope\", \"residual_multiplier\": 0.22, \"rms_norm_eps\": 1e-05, \"rope_scaling\": null,"
		"\"rope_theta\": 10000, \"shared_intermediate_size\": 1024, \"tie_word_embeddings\": true}");
	types(m, "2232");
	is(m, 0, "ssm.inner", 3072);
	is(m, 0, "moe.experts", 64);
	is(m, 0, "moe.ff", 512);
	is(m, 0, "moe.shared.ff", 1024);
	is(m, 2, "attn.kv_heads", 4);
	is(m, 1, "attn.kv_heads", 0);
	is(m, 2, "attn.rope", 0);
	is(m, 2, "attn.scale", 0.0078125);
	is(m, -1, "logit_scale", 1.0 / 6);
	seq_model_free(m);
}

static void nemotron_h(void **state)
{
	(void)state;
	seq_model *m = good("{\"model_type\": \"nemotron_h\", \"attention_head_dim\": 128, \"conv_kernel\": 4, \"expand\": 2,"
		"\"hidden_size\": 4096, \"hybrid_override_pattern\": \"M-M*-EM\", \"intermediate_size\": 21504, \"layer_norm_epsilon\": 1e-05,"
		"\"mamba_head_dim\": 64, \"mamba_hidden_act\": \"silu\", \"mamba_num_heads\": 128, \"mlp_hidden_act\": \"relu2\", \"n_groups\": 8,"
		"\"n_routed_experts\": 128, \"num_experts_per_tok\": 6, \"moe_intermediate_size\": 1856, \"routed_scaling_factor\": 2.5,"
		"\"num_attention_heads\": 32, \"num_hidden_layers\": 7, \"num_key_value_heads\": 8, \"sliding_window\": null,"
		"\"ssm_state_size\": 128, \"time_step_limit\": [0.0, Infinity], \"time_step_min\": 0.001, \"rms_norm_eps\": 1e-05}");
	types(m, "0201230");
	is(m, 0, "ssm.inner", 8192);
	is(m, 0, "ssm.dt_min", 0.001);
	is(m, 1, "mlp.ff", 21504);
	is(m, 0, "mlp.ff", 0);
	is(m, 3, "attn.head_dim", 128);
	is(m, 5, "moe.scale", 2.5);
	is(m, 5, "moe.act", 4);
	seq_model_free(m);
}

static void zamba2(void **state)
{
	(void)state;
	seq_model *m = good("{\"model_type\": \"zamba2\", \"adapter_rank\": 128, \"attention_head_dim\": 224, \"hidden_act\": \"gelu\","
		"\"hidden_size\": 3584, \"intermediate_size\": 14336, \"layers_block_type\": [\"mamba\", \"hybrid\", \"mamba\", \"hybrid\", \"hybrid\"],"
		"\"mamba_d_conv\": 4, \"mamba_d_state\": 64, \"mamba_expand\": 2, \"mamba_headdim\": 64, \"mamba_ngroups\": 2,"
		"\"n_mamba_heads\": 112, \"num_attention_heads\": 32, \"num_hidden_layers\": 5, \"num_key_value_heads\": 32,"
		"\"num_mem_blocks\": 2, \"rms_norm_eps\": 1e-05, \"rope_theta\": 10000, \"use_long_context\": false, \"use_mem_rope\": true,"
		"\"time_step_limit\": null, \"time_step_min\": 0.001}");
	types(m, "01011");
	is(m, 4, "shared", 1);
	is(m, 3, "shared", 3);
	is(m, 4, "ordinal", 2);
	is(m, 1, "attn.rope", 1);
	is(m, 1, "attn.scale", 1 / sqrt(112));
	is(m, 1, "mlp.act", 2);
	seq_model_free(m);
}

static void falcon_h1(void **state)
{
	(void)state;
	seq_model *m = good("{\"model_type\": \"falcon_h1\", \"attention_in_multiplier\": 1.0, \"attention_out_multiplier\": 0.9375,"
		"\"attn_layer_indices\": null, \"embedding_multiplier\": 5.656854249492381, \"head_dim\": 64, \"hidden_size\": 1024,"
		"\"intermediate_size\": 2048, \"key_multiplier\": 0.390625, \"lm_head_multiplier\": 0.0390625, \"mamba_d_conv\": 4,"
		"\"mamba_d_head\": 64, \"mamba_d_ssm\": 1536, \"mamba_d_state\": 128, \"mamba_expand\": 2, \"mamba_n_groups\": 1,"
		"\"mamba_n_heads\": 24, \"mamba_norm_before_gate\": false, \"mamba_rms_norm\": false, \"mlp_multipliers\":"
		"[0.8838834764831844, 0.5859375], \"num_attention_heads\": 8, \"num_hidden_layers\": 2, \"num_key_value_heads\": 2,"
		"\"rms_norm_eps\": 1e-05, \"rope_scaling\": null, \"rope_theta\": 100000000000.0, \"ssm_in_multiplier\": 1.25,"
		"\"ssm_multipliers\": [0.3535, 0.25, 0.3535, 0.5, 0.3535], \"ssm_out_multiplier\": 0.23570226039551587}");
	types(m, "00");
	is(m, 0, "attn.scale", 0.390625 / 8);
	is(m, 0, "attn.by", 0.9375);
	is(m, 0, "rope.theta", 1e11);
	const seqp_view *s = seqp_model_weight(m, 0, "ssm.in.s");
	assert_non_null(s);
	assert_int_equal(s->cols, 2 * 1536 + 2 * 128 + 24);
	assert_true(((const float *)s->data)[0] == (float)(1.25 * 0.3535));
	assert_true(((const float *)s->data)[1536] == (float)(1.25 * 0.25));
	assert_true(((const float *)s->data)[3072 + 128] == (float)(1.25 * 0.5));
	seq_model_free(m);
}

static void jamba(void **state)
{
	(void)state;
	seq_model *m = good("{\"model_type\": \"jamba\", \"attn_layer_offset\": 4, \"attn_layer_period\": 8, \"expert_layer_offset\": 1,"
		"\"expert_layer_period\": 2, \"hidden_size\": 4096, \"intermediate_size\": 14336, \"mamba_conv_bias\": true, \"mamba_d_conv\": 4,"
		"\"mamba_d_state\": 16, \"mamba_dt_rank\": \"auto\", \"mamba_expand\": 2, \"num_attention_heads\": 32, \"num_experts\": 16,"
		"\"num_experts_per_tok\": 2, \"num_hidden_layers\": 8, \"num_key_value_heads\": 8, \"rms_norm_eps\": 1e-06,"
		"\"sliding_window\": null, \"use_mamba_kernels\": true}");
	types(m, "02021202");
	is(m, 0, "ssm.rank", 256);
	is(m, 0, "ssm.inner", 8192);
	is(m, 4, "attn.head_dim", 128);
	is(m, 1, "moe.ff", 14336);
	seq_model_free(m);
}

static void lfm2(void **state)
{
	(void)state;
	seq_model *m = good("{\"model_type\": \"lfm2\", \"block_auto_adjust_ff_dim\": true, \"block_dim\": 2048, \"block_ff_dim\": 12288,"
		"\"block_ffn_dim_multiplier\": 1.0, \"block_multiple_of\": 256, \"block_norm_eps\": 1e-05, \"conv_L_cache\": 3, \"conv_bias\": false,"
		"\"conv_dim\": 2048, \"full_attn_idxs\": [2, 5], \"hidden_size\": 2048, \"norm_eps\": 1e-05, \"num_attention_heads\": 32,"
		"\"num_heads\": 32, \"num_hidden_layers\": 6, \"num_key_value_heads\": 8, \"rope_theta\": 1000000.0, \"use_pos_enc\": true}");
	types(m, "001001");
	is(m, 0, "mlp.ff", 8192);
	is(m, -1, "tied", 1);
	is(m, 2, "attn.kv_heads", 8);
	seq_model_free(m);
}

static void recurrent_gemma(void **state)
{
	(void)state;
	seq_model *m = good("{\"model_type\": \"recurrent_gemma\", \"attention_window_size\": 2048, \"block_types\": [\"recurrent\", \"recurrent\","
		"\"attention\"], \"conv1d_width\": 4, \"head_dim\": 256, \"hidden_activation\": \"gelu_pytorch_tanh\", \"hidden_size\": 2560,"
		"\"intermediate_size\": 15360, \"logits_soft_cap\": 30.0, \"lru_width\": 2560, \"num_attention_heads\": 10,"
		"\"num_hidden_layers\": 8, \"num_key_value_heads\": 1, \"partial_rotary_factor\": 0.5, \"rms_norm_eps\": 1e-06,"
		"\"rope_theta\": 10000.0}");
	types(m, "00100100");
	is(m, -1, "embed_scale", 50.5);
	is(m, 2, "rope.dim", 128);
	is(m, 0, "mlp.ff", 7680);
	seq_model_free(m);
}

#define NEMOTRON "{\"model_type\": \"nemotron_h\", \"hidden_size\": 64, \"intermediate_size\": 64, \"num_attention_heads\": 4,"
#define JAMBA "{\"model_type\": \"jamba\", \"hidden_size\": 64, \"intermediate_size\": 64, \"num_attention_heads\": 4, \"num_hidden_layers\": 2,"
#define ZAMBA2 "{\"model_type\": \"zamba2\", \"hidden_size\": 64, \"intermediate_size\": 64, \"num_attention_heads\": 4, \"num_hidden_layers\": 2,"
#define GRANITE "{\"intermediate_size\": 64, \"model_type\": \"granitemoehybrid\", \"hidden_size\": 64, \"num_attention_heads\": 4, \"num_hidden_layers\": 2,"
#define GEMMA "{\"model_type\": \"recurrent_gemma\", \"hidden_size\": 64, \"intermediate_size\": 64, \"num_attention_heads\": 4, \"num_hidden_layers\": 2,"
#define LFM2 "{\"model_type\": \"lfm2\", \"hidden_size\": 64, \"intermediate_size\": 64, \"num_attention_heads\": 4, \"num_hidden_layers\": 2,"

static void contradictions(void **state)
{
	(void)state;
	bad(NEMOTRON "\"num_hidden_layers\": 3, \"hybrid_override_pattern\": \"M*\"}", "type: a list of 2 for 3 layers");
	bad(NEMOTRON "\"num_hidden_layers\": 2, \"hybrid_override_pattern\": \"M?\"}", "\"?\" is not known");
	bad(NEMOTRON "\"layers_block_type\": [\"mamba\", \"cross\"]}", "\"cross\" is not known");
	bad(NEMOTRON "\"layers_block_type\": [1, 2]}", "type: its list holds more than words");
	bad(NEMOTRON "\"hybrid_override_pattern\": \"\"}", "layers is 0");
	bad(NEMOTRON "\"hybrid_override_pattern\": 7.5}", "layers is 7.5");
	bad(NEMOTRON "\"other\": 1}", "layers is missing");
	bad(NEMOTRON "\"hybrid_override_pattern\": \"M*\", \"n_groups\": 3}", "ssm.groups 3");
	bad(NEMOTRON "\"hybrid_override_pattern\": \"M*\", \"num_key_value_heads\": 3}", "3 key heads");
	bad(NEMOTRON "\"hybrid_override_pattern\": \"ME\", \"moe_latent_size\": 16}", "moe_latent_size");
	bad(JAMBA "\"attn_layer_period\": 0}", "attn.every");
	bad(JAMBA "\"mamba_dt_rank\": \"all\"}", "ssm.rank");
	bad(JAMBA "\"mamba_expand\": 1.5}", "ssm.expand");
	bad(JAMBA "\"num_experts\": -1}", "moe.experts");
	bad(ZAMBA2 "\"layers_block_type\": [\"hybrid\"]}", "type: a list of 1 for 2 layers");
	bad(ZAMBA2 "\"hybrid_layer_ids\": [5]}", "hybrid_layer_ids names layer 5 of 2");
	bad(ZAMBA2 "\"hybrid_layer_ids\": [\"five\"]}", "hybrid_layer_ids");
	bad(ZAMBA2 "\"hybrid_layer_ids\": [0], \"n_mamba_heads\": 7}", "ssm.heads 7");
	bad(ZAMBA2 "\"hybrid_layer_ids\": [0], \"n_mamba_heads\": 8, \"mamba_headdim\": 5}", "ssm.head_dim 5");
	bad(ZAMBA2 "\"hybrid_layer_ids\": [0], \"num_mem_blocks\": 0}", "shared.blocks");
	bad(ZAMBA2 "\"hybrid_layer_ids\": [0], \"n_mamba_heads\": 8, \"use_long_context\": true}", "use_long_context");
	bad(GRANITE "\"layer_types\": [\"mamba\"]}", "type: a list of 1 for 2 layers");
	bad(GRANITE "\"layer_types\": [\"mamba\", \"attention\"], \"position_embedding_type\": \"alibi\"}", "rope.on");
	bad(GRANITE "\"layer_types\": [\"mamba\", \"attention\"], \"mamba_n_heads\": 9}", "ssm.heads 9");
	bad(GEMMA "\"block_types\": [\"recurrent\", \"conv\"]}", "block_types");
	bad(GEMMA "\"block_types\": [3]}", "block_types");
	bad(GEMMA "\"lru_width\": 30}", "lru_width 30");
	bad(GEMMA "\"attention_window_size\": 0}", "attn.window");
	bad(LFM2 "\"layer_types\": [\"conv\", \"linear\"]}", "\"linear\" is not known");
	bad(LFM2 "\"full_attn_idxs\": [-1]}", "full_attn_idxs names layer -1 of 2");
	bad(LFM2 "\"layer_types\": [\"conv\", \"conv\"], \"conv_L_cache\": 1}", "conv.conv");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(granite4), cmocka_unit_test(nemotron_h), cmocka_unit_test(zamba2), cmocka_unit_test(falcon_h1),
		cmocka_unit_test(jamba), cmocka_unit_test(lfm2), cmocka_unit_test(recurrent_gemma), cmocka_unit_test(contradictions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
