/* SPDX-License-Identifier: MIT */
/* Models opened from the references: every layer has a program whose weights are there in
 * the right shape; wrong configurations are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "model/arch/arch.h"
#include "model/build.h"
#include "model/program.h"

static const char *source_dir(void)
{
	const char *s = getenv("SEQ_SRC");
	return s ? s : "..";
}

static const char *path_of(const char *kind, const char *name)
{
	static char p[2][512];
	static int which;
	which ^= 1;
	snprintf(p[which], sizeof p[which], "%s/tests/ref/%s/%s%s", source_dir(), kind, name,
		 strcmp(kind, "gguf") == 0 ? "/model.gguf" : "");
	return p[which];
}

static seq_model *must_open(const char *path)
{
	seq_model *m;
	seq_error err = {0};
	if (seq_model_open(&m, path, &err) < 0)
		fail_msg("%s", err.text);
	return m;
}

static const seqp_view *need(const seq_model *m, int64_t layer, const char *role, const char *end, int64_t rows, int64_t cols)
{
	char name[64];
	snprintf(name, sizeof name, "%s%s", role, end);
	const seqp_view *v = seqp_model_weight(m, layer, name);
	if (!v || v->rows != rows || v->cols != cols)
		fail_msg("%s layer %lld: %s is %lld x %lld, expected %lld x %lld", seq_model_path(m), (long long)layer, name,
			 v ? (long long)v->rows : 0, v ? (long long)v->cols : 0, (long long)rows, (long long)cols);
	if (rows == 1)
		assert_int_equal(v->dtype, SEQ_F32);
	return v;
}

static int64_t number(const seq_model *m, int64_t layer, const char *key)
{
	double x = seqp_model_number(m, layer, key, -1);
	assert_true(x >= 0);
	return (int64_t)x;
}

static void check_softmax(const seq_model *m, int64_t l)
{
	int64_t d = seq_model_width(m), h = number(m, l, "attn.heads"), k = number(m, l, "attn.kv_heads");
	int64_t w = number(m, l, "attn.head_dim"), v = number(m, l, "attn.v_head_dim");
	need(m, l, "attn", ".q", seqp_model_number(m, l, "attn.gated", 0) == 1 ? 2 * h * w : h * w, d);
	if (seqp_model_number(m, l, "attn.kv_from", -1) < 0) {
		need(m, l, "attn", ".k", k * w, d);
		need(m, l, "attn", ".v", k * v, d);
	}
	need(m, l, "attn", ".o", d, h * v);
	bool weightless = seqp_model_number(m, l, "attn.norm_after", 0) != 0 && !seqp_model_weight(m, l, "attn.q_norm.w");
	if (seqp_model_number(m, l, "attn.qk_norm", 0) == 1 && !weightless)
		need(m, l, "attn", ".q_norm.w", 1, w);
	if (seqp_model_number(m, l, "attn.qk_norm", 0) == 2)
		need(m, l, "attn", ".k_norm.w", 1, k * w);
	if (seqp_model_number(m, l, "attn.rope", 0) != 0) {
		int64_t r = number(m, l, "rope.dim");
		assert_true(r > 0 && r <= w && r % 2 == 0);
		assert_true(seqp_model_number(m, l, "rope.theta", 0) > 0);
	}
}

static void check_mamba(const seq_model *m, int64_t l)
{
	int64_t d = seq_model_width(m), i = number(m, l, "ssm.inner"), n = number(m, l, "ssm.state");
	int64_t r = number(m, l, "ssm.rank"), k = number(m, l, "ssm.conv"), h = (int64_t)seqp_model_number(m, l, "ssm.heads", 1);
	need(m, l, "ssm", ".in", seqp_model_weight(m, l, "ssm.z") ? i : 2 * i, d);
	need(m, l, "ssm", ".conv.w", i, k);
	need(m, l, "ssm", ".x", h * (r + 2 * n), i / h);
	need(m, l, "ssm", ".dt", i, r);
	need(m, l, "ssm", ".dt.b", 1, i);
	const seqp_view *a = need(m, l, "ssm", ".A", i, n);
	for (int64_t j = 0; j < i * n; j++)
		assert_true(((const float *)a->data)[j] < 0);
	need(m, l, "ssm", ".out", d, i);
}

static void check_mamba2(const seq_model *m, int64_t l)
{
	int64_t d = seq_model_width(m), i = number(m, l, "ssm.inner"), n = number(m, l, "ssm.state");
	int64_t h = number(m, l, "ssm.heads"), g = number(m, l, "ssm.groups");
	need(m, l, "ssm", ".in", 2 * i + 2 * g * n + h, d);
	need(m, l, "ssm", ".conv.w", i + 2 * g * n, number(m, l, "ssm.conv"));
	const seqp_view *a = need(m, l, "ssm", ".A", 1, h);
	for (int64_t j = 0; j < h; j++)
		assert_true(((const float *)a->data)[j] < 0);
	need(m, l, "ssm", ".D", 1, h);
	if (seqp_model_weight(m, l, "ssm.norm.w")) /* falcon_h1 may have none */
		need(m, l, "ssm", ".norm.w", 1, i);
	need(m, l, "ssm", ".out", d, i);
}

static void check_gated(const seq_model *m, int64_t l)
{
	int64_t d = seq_model_width(m);
	need(m, l, "mlp", ".gate", number(m, l, "mlp.ff"), d);
	need(m, l, "mlp", ".up", number(m, l, "mlp.ff"), d);
	need(m, l, "mlp", ".down", d, number(m, l, "mlp.ff"));
}

/* Of the kinds most models have; every kind is checked where a net opens it. */
static void check_op(const seq_model *m, int64_t l, const seqp_op *op)
{
	static const struct {
		const char *kind, *role;
		void (*check)(const seq_model *m, int64_t l);
	} kinds[] = {{"softmax", "attn", check_softmax}, {"mamba", "ssm", check_mamba}, {"mamba2", "ssm", check_mamba2},
		{"gated", "mlp", check_gated}};
	for (size_t i = 0; op->kind && i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(op->kind, kinds[i].kind) == 0 && strcmp(op->role, kinds[i].role) == 0)
			kinds[i].check(m, l);
}

/* Behind a CAT matrices are wider than the model. */
static bool has_cat(const seqp_op *op, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (op[i].code == SEQP_CAT)
			return true;
	return false;
}

static void check_model(const seq_model *m)
{
	int64_t d = seq_model_width(m), v = seq_model_vocab(m);
	for (int64_t l = 0; l <= seq_model_layers(m); l++) {
		size_t n;
		const seqp_op *op = seqp_model_program(m, l, &n);
		assert_true(n > 0);
		for (size_t i = 0; i < n && !has_cat(op, n); i++)
			check_op(m, l, &op[i]);
	}
	need(m, -1, "embed", "", v, d);
	need(m, -1, "head", "", v, d);
	for (size_t i = 0; i < m->src.tensors; i++)
		if (m->use[i] == SEQP_UNUSED)
			fail_msg("%s: %s has no role", seq_model_path(m), m->src.tensor[i].name);
	char *text = seq_model_describe(m);
	assert_non_null(text);
	assert_null(strstr(text, "without-role"));
	assert_non_null(strstr(text, "\nfingerprint = "));
	free(text);
}

/* Every case of a folder whose architecture has a row; the number of them. */
static int check_folder(const char *folder, const char *end)
{
	DIR *d = opendir(folder);
	int n = 0;
	if (!d)
		return -1;
	for (struct dirent *f; (f = readdir(d));) {
		char path[1024];
		seq_model *m;
		seq_error err;
		struct stat st;
		snprintf(path, sizeof path, "%s/%s%s", folder, f->d_name, end);
		if (*f->d_name == '.' || stat(path, &st) < 0)
			continue;
		int e = seq_model_open(&m, path, &err);
		if (e < 0 && !strstr(err.text, "is not built in") && !strstr(err.text, "model_type is missing"))
			fail_msg("%s", err.text);
		if (e < 0)
			continue;
		check_model(m);
		seq_model_free(m);
		n++;
	}
	closedir(d);
	return n;
}

static void opens_references(void **state)
{
	(void)state;
	char p[512];
	snprintf(p, sizeof p, "%s/tests/ref/hf", source_dir());
	assert_true(check_folder(p, "") >= 20);
	snprintf(p, sizeof p, "%s/tests/ref/fla", source_dir());
	assert_true(check_folder(p, "") >= 2);
	snprintf(p, sizeof p, "%s/tests/ref/gguf", source_dir());
	assert_true(check_folder(p, "/model.gguf") >= 12);
}

static void opens_shared(void **state)
{
	(void)state;
	char p[512];
	const char *shared = getenv("SEQ_SHARED");
	snprintf(p, sizeof p, "%s/refs/hf", shared ? shared : "../shared");
	int n = check_folder(p, "");
	if (n < 0)
		skip();
	assert_true(n >= 34);
	snprintf(p, sizeof p, "%s/refs/gguf", shared ? shared : "../shared");
	assert_true(check_folder(p, "/model.gguf") >= 30);
}

static void transforms(void **state)
{
	(void)state;
	/* gemma's norms: the stored number plus one; mamba2's A: minus its exponential. */
	seq_model *m = must_open(path_of("hf", "gemma2"));
	size_t at;
	const seq_tensor *t = seqp_store_tensor(&m->src, "model.layers.1.post_attention_layernorm.weight", &at);
	const float *w = seqp_view_f32(seqp_model_weight(m, 1, "attn_post_norm.w"));
	for (int i = 0; i < 32; i++)
		assert_true(w[i] == 1.0f + ((const float *)t->data)[i]);
	assert_true(seqp_model_number(m, -1, "embed_scale", 0) == (double)sqrtf(32));
	assert_true(fabs(seqp_model_number(m, 0, "attn.scale", 0) - 1 / sqrt(20)) < 1e-12);
	assert_int_equal(number(m, 0, "attn.window"), 16);
	assert_int_equal(number(m, 1, "attn.window"), 0);
	seq_model_free(m);
	m = must_open(path_of("hf", "mamba2"));
	t = seqp_store_tensor(&m->src, "backbone.layers.0.mixer.A_log", &at);
	w = seqp_view_f32(seqp_model_weight(m, 0, "ssm.A"));
	for (int i = 0; i < 8; i++)
		assert_true(fabsf(w[i] + expf(((const float *)t->data)[i])) <= 1e-6f * fabsf(w[i]));
	assert_true(isinf(seqp_model_number(m, 0, "ssm.dt_max", 0)));
	seq_model_free(m);
}

static void reorders(void **state)
{
	(void)state;
	size_t at;
	/* gpt2: q of c_attn [in][3 d]; gpt_neox: rows [head][q k v][dim]. */
	seq_model *m = must_open(path_of("hf", "gpt2"));
	const seq_tensor *t = seqp_store_tensor(&m->src, "transformer.h.1.attn.c_attn.weight", &at);
	const float *from = t->data, *k = seqp_view_f32(seqp_model_weight(m, 1, "attn.k"));
	for (int o = 0; o < 32; o++)
		for (int i = 0; i < 32; i++)
			assert_true(k[o * 32 + i] == from[i * 96 + 32 + o]);
	seq_model_free(m);
	m = must_open(path_of("hf", "gpt_neox"));
	t = seqp_store_tensor(&m->src, "gpt_neox.layers.1.attention.query_key_value.weight", &at);
	from = t->data;
	const float *v = seqp_view_f32(seqp_model_weight(m, 1, "attn.v"));
	for (int h = 0; h < 4; h++)
		for (int r = 0; r < 8; r++)
			for (int i = 0; i < 32; i++)
				assert_true(v[(h * 8 + r) * 32 + i] == from[((h * 3 + 2) * 8 + r) * 32 + i]);
	seq_model_free(m);
}

/* Whole files in memory, to be spoilt. */
typedef struct pair {
	seqp_map config, tensors;
} pair;

static pair load(const char *name)
{
	char p[600];
	pair x;
	seq_error err;
	snprintf(p, sizeof p, "%s/config.json", path_of("hf", name));
	assert_int_equal(seqp_map_open(&x.config, p, &err), SEQ_OK);
	snprintf(p, sizeof p, "%s/model.safetensors", path_of("hf", name));
	assert_int_equal(seqp_map_open(&x.tensors, p, &err), SEQ_OK);
	return x;
}

static void unload(pair *x)
{
	seqp_map_close(&x->config);
	seqp_map_close(&x->tensors);
}

static int build(const char *config, const pair *x, seq_model **out, seq_error *err)
{
	seq_model *m = calloc(1, sizeof *m);
	assert_non_null(m);
	m->path = "memory";
	int e = seqp_store_hf(&m->src, config, strlen(config), x->tensors.data, x->tensors.size, err);
	if (e >= 0)
		e = seqp_model_build(m, err);
	if (e < 0 || !out)
		seq_model_free(m);
	else
		*out = m;
	return e;
}

/* The configuration with "key": replaced (or put in front when it is not there). */
static char *with(const pair *x, const char *key, const char *value)
{
	char *text = calloc(1, x->config.size + strlen(key) + strlen(value) + 16), quoted[128];
	assert_non_null(text);
	snprintf(quoted, sizeof quoted, "\"%s\":", key);
	char *old = strndup((const char *)x->config.data, x->config.size), *at = strstr(old, quoted);
	assert_non_null(old);
	if (!at) {
		sprintf(text, "{\"%s\": %s,%s", key, value, strchr(old, '{') + 1);
	} else {
		char *end = at + strcspn(at, ",\n");
		sprintf(text, "%.*s%s %s%s", (int)(at - old), old, quoted, value, end);
	}
	free(old);
	return text;
}

static void outcome(const char *name, const char *key, const char *value, int code)
{
	pair x = load(name);
	char *text = with(&x, key, value);
	seq_error err = {0};
	int e = build(text, &x, NULL, &err);
	if (e != code)
		fail_msg("%s with %s %s: %d (%s), expected %d", name, key, value, e, err.text, code);
	free(text);
	unload(&x);
}

static void refuses_configurations(void **state)
{
	(void)state;
	outcome("llama", "model_type", "\"llama\"", SEQ_OK);
	outcome("llama", "model_type", "\"lama\"", SEQ_E_UNSUPPORTED);
	outcome("llama", "model_type", "null", SEQ_E_FORMAT);
	outcome("llama", "hidden_size", "64", SEQ_E_FORMAT);
	outcome("llama", "hidden_size", "0", SEQ_E_FORMAT);
	outcome("llama", "hidden_size", "-32", SEQ_E_FORMAT);
	outcome("llama", "hidden_size", "32.5", SEQ_E_FORMAT);
	outcome("llama", "hidden_size", "1e300", SEQ_E_FORMAT);
	outcome("llama", "hidden_size", "\"32\"", SEQ_E_UNSUPPORTED);
	outcome("llama", "hidden_size", "[32]", SEQ_E_FORMAT);
	outcome("llama", "hidden_size", "{}", SEQ_E_FORMAT);
	outcome("llama", "hidden_size", "null", SEQ_E_FORMAT);
	outcome("llama", "num_hidden_layers", "1", SEQ_OK); /* fewer layers than stored: the rest has no role */
	outcome("llama", "num_hidden_layers", "3", SEQ_E_FORMAT);
	outcome("llama", "num_hidden_layers", "9999", SEQ_E_FORMAT);
	outcome("llama", "num_hidden_layers", "10001", SEQ_E_FORMAT);
	outcome("llama", "num_hidden_layers", "0", SEQ_E_FORMAT);
	outcome("llama", "num_attention_heads", "0", SEQ_E_FORMAT);
	outcome("llama", "num_attention_heads", "8", SEQ_E_FORMAT);
	outcome("llama", "num_key_value_heads", "3", SEQ_E_FORMAT);
	outcome("llama", "num_key_value_heads", "null", SEQ_E_FORMAT); /* as many as heads: k does not fit */
	outcome("llama", "head_dim", "9", SEQ_E_FORMAT);
	outcome("llama", "head_dim", "null", SEQ_OK);
	outcome("llama", "rms_norm_eps", "-1", SEQ_E_FORMAT);
	outcome("llama", "rms_norm_eps", "Infinity", SEQ_E_FORMAT);
	outcome("llama", "rms_norm_eps", "null", SEQ_OK);
	outcome("llama", "hidden_act", "\"mish\"", SEQ_E_UNSUPPORTED);
	outcome("llama", "tie_word_embeddings", "true", SEQ_OK);
	outcome("llama", "num_local_experts", "8", SEQ_E_UNSUPPORTED);
	outcome("llama", "quantization_config", "{\"bits\":4}", SEQ_E_UNSUPPORTED);
	outcome("llama-rope3", "tie_word_embeddings", "false", SEQ_E_FORMAT); /* no head */
	outcome("llama-rope3", "rope_type", "\"nonesuch\"", SEQ_E_UNSUPPORTED);
	outcome("llama-rope3", "factor", "0", SEQ_E_FORMAT);
	outcome("llama-rope3", "factor", "null", SEQ_E_FORMAT);
	outcome("llama-rope3", "high_freq_factor", "1.0", SEQ_E_FORMAT);
	outcome("phi3-longrope", "long_factor", "[1.0, 2.0, 3.0],\"x\":[0", SEQ_E_FORMAT);
	outcome("gemma3_text", "use_bidirectional_attention", "true", SEQ_E_UNSUPPORTED);
	outcome("qwen2", "layer_types", "[\"full_attention\"],\"x\":[0", SEQ_E_FORMAT);
	outcome("mamba2", "n_groups", "3", SEQ_E_FORMAT);
	outcome("mamba2", "num_heads", "16", SEQ_E_FORMAT);
	outcome("mamba2", "conv_kernel", "5", SEQ_E_FORMAT);
	outcome("mamba", "time_step_rank", "\"auto\"", SEQ_E_FORMAT); /* ceil(32 / 16): x_proj does not fit */
	outcome("mamba", "state_size", "16", SEQ_E_FORMAT);
	outcome("falcon_h1", "mamba_n_heads", "5", SEQ_E_FORMAT);
	outcome("falcon_h1", "mamba_d_ssm", "null", SEQ_OK); /* 2 * hidden_size */
	outcome("falcon_h1", "mamba_d_ssm", "128", SEQ_E_FORMAT);
	outcome("falcon_h1", "mamba_rms_norm", "true", SEQ_E_FORMAT); /* no tensor */
	outcome("falcon_h1", "mamba_proj_bias", "true", SEQ_E_UNSUPPORTED);
	outcome("falcon_h1", "key_multiplier", "\"big\"", SEQ_E_UNSUPPORTED);
	outcome("lfm2", "layer_types", "[\"conv\"],\"x\":[0", SEQ_E_FORMAT);
	outcome("lfm2", "layer_types", "[\"conv\", \"conv\", \"conv\"],\"x\":[0", SEQ_E_FORMAT); /* layer 1 has no convolution */
	outcome("lfm2", "conv_L_cache", "4", SEQ_E_FORMAT);
	outcome("lfm2", "num_attention_heads", "3", SEQ_E_FORMAT);
	outcome("lfm3", "sliding_window", "null", SEQ_OK);
	outcome("zamba2", "num_mem_blocks", "2", SEQ_E_FORMAT); /* the second hybrid layer holds no block */
	outcome("zamba2", "adapter_rank", "7", SEQ_E_FORMAT);
	outcome("zamba2", "attention_head_dim", "8", SEQ_E_FORMAT);
	outcome("recurrent_gemma", "lru_width", "31", SEQ_E_FORMAT);
	outcome("recurrent_gemma", "num_attention_heads", "8", SEQ_E_FORMAT);
	outcome("gpt2", "n_head", "5", SEQ_E_FORMAT);
	outcome("gpt2", "n_positions", "128", SEQ_E_FORMAT);
}

/* Hugging Face: tied wins over a stored head. */
static void ties(void **state)
{
	(void)state;
	pair x = load("llama");
	char *text = with(&x, "tie_word_embeddings", "true");
	seq_model *m;
	seq_error err;
	assert_int_equal(build(text, &x, &m, &err), SEQ_OK);
	assert_ptr_equal(seqp_model_weight(m, -1, "head")->data, seqp_model_weight(m, -1, "embed")->data);
	seq_model_free(m);
	free(text);
	unload(&x);
	m = must_open(path_of("gguf", "llama"));
	assert_ptr_not_equal(seqp_model_weight(m, -1, "head")->data, seqp_model_weight(m, -1, "embed")->data);
	assert_true(seqp_model_number(m, 0, "attn.rope", 0) == 2);
	seq_model_free(m);
}

static void windows(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		int64_t window;
	} want[] = {{"16", 16}, {"null", 0}};
	pair x = load("mistral");
	for (int i = 0; i < 2; i++) {
		char *text = with(&x, "sliding_window", want[i].value);
		seq_model *m;
		assert_int_equal(build(text, &x, &m, NULL), SEQ_OK);
		assert_int_equal(number(m, 1, "attn.window"), want[i].window);
		seq_model_free(m);
		free(text);
	}
	/* Without the key: the class's own. */
	char *text = strndup((const char *)x.config.data, x.config.size), *at = strstr(text, "\"sliding_window\"");
	assert_non_null(at);
	memcpy(at, "\"xliding_window\"", 16);
	seq_model *m;
	assert_int_equal(build(text, &x, &m, NULL), SEQ_OK);
	assert_int_equal(number(m, 0, "attn.window"), 4096);
	seq_model_free(m);
	free(text);
	unload(&x);
}

/* A configuration cut or flipped anywhere: refused or opened, never a crash. */
static void spoilt_configurations(void **state)
{
	(void)state;
	static const char *const names[] = {"gemma3_text", "phi3-longrope", "mamba2", "gpt2"};
	for (size_t k = 0; k < 4; k++) {
		pair x = load(names[k]);
		char *text = calloc(1, x.config.size + 1);
		assert_non_null(text);
		for (size_t i = 0; i < x.config.size; i += 3) {
			memcpy(text, x.config.data, x.config.size);
			text[i] ^= (char)(1 << (i % 7));
			if (text[i])
				(void)!build(text, &x, NULL, NULL);
			text[i] = 0;
			assert_true(build(text, &x, NULL, NULL) < 0);
		}
		free(text);
		unload(&x);
	}
}

static void fingerprints(void **state)
{
	(void)state;
	uint8_t a[16], b[16], c[16];
	pair x = load("llama");
	char *same = with(&x, "transformers_version", "\"1\""), *other = with(&x, "rms_norm_eps", "1e-6");
	seq_model *m;
	assert_int_equal(build(same, &x, &m, NULL), SEQ_OK);
	seq_model_fingerprint(m, a);
	seq_model_free(m);
	assert_int_equal(build(other, &x, &m, NULL), SEQ_OK);
	seq_model_fingerprint(m, b);
	assert_memory_not_equal(a, b, 16);
	seq_model_free(m);
	/* One bit of one weight. */
	unsigned char *copy = malloc(x.tensors.size);
	assert_non_null(copy);
	memcpy(copy, x.tensors.data, x.tensors.size);
	copy[x.tensors.size - 1] ^= 1;
	pair y = {x.config, {copy, x.tensors.size}};
	assert_int_equal(build(same, &y, &m, NULL), SEQ_OK);
	seq_model_fingerprint(m, c);
	assert_memory_not_equal(a, c, 16);
	seq_model_free(m);
	free(copy);
	m = must_open(path_of("hf", "llama"));
	seq_model_fingerprint(m, b);
	assert_memory_equal(a, b, 16);
	seq_model_free(m);
	free(same);
	free(other);
	unload(&x);
}

static void write_file(const char *dir, const char *name, const void *p, size_t n)
{
	char path[600];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static int open_dir(const char *dir, const char *name)
{
	char path[600];
	seq_model *m;
	seq_error err;
	snprintf(path, sizeof path, "%s%s%s", dir, *name ? "/" : "", name);
	int e = seq_model_open(&m, path, &err);
	if (e >= 0) {
		check_model(m);
		seq_model_free(m);
	}
	return e;
}

static void folders(void **state)
{
	(void)state;
	char dir[] = "/tmp/seq-model-XXXXXX", path[600];
	assert_non_null(mkdtemp(dir));
	pair x = load("llama");
	static const char index[] = "{\"weight_map\":{\"a\":\"part-1.safetensors\",\"b\":\"part-1.safetensors\"}}";
	static const char outside[] = "{\"weight_map\":{\"a\":\"../part-1.safetensors\"}}";
	assert_int_equal(open_dir(dir, ""), SEQ_E_IO);
	write_file(dir, "config.json", x.config.data, x.config.size);
	assert_int_equal(open_dir(dir, ""), SEQ_E_FORMAT);
	write_file(dir, "part-1.safetensors", x.tensors.data, x.tensors.size);
	assert_int_equal(open_dir(dir, ""), SEQ_OK); /* the only one */
	assert_int_equal(open_dir(dir, "part-1.safetensors"), SEQ_OK);
	write_file(dir, "part-2.safetensors", x.tensors.data, x.tensors.size);
	assert_int_equal(open_dir(dir, ""), SEQ_E_FORMAT);
	write_file(dir, "model.safetensors.index.json", index, sizeof index - 1);
	assert_int_equal(open_dir(dir, ""), SEQ_OK);
	write_file(dir, "model.safetensors.index.json", outside, sizeof outside - 1);
	assert_int_equal(open_dir(dir, ""), SEQ_E_FORMAT);
	write_file(dir, "model.safetensors", x.tensors.data, x.tensors.size / 2);
	assert_int_equal(open_dir(dir, ""), SEQ_E_TRUNC);
	write_file(dir, "model.safetensors", x.tensors.data, 0);
	assert_int_equal(open_dir(dir, ""), SEQ_E_TRUNC);
	static const char *const made[] = {"config.json", "part-1.safetensors", "part-2.safetensors",
					   "model.safetensors.index.json", "model.safetensors"};
	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, made[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
	unload(&x);
}

static void not_models(void **state)
{
	(void)state;
	seq_model *m;
	seq_error err;
	assert_int_equal(seq_model_open(&m, "/nonesuch", &err), SEQ_E_IO);
	assert_null(m);
	assert_non_null(strstr(err.text, "/nonesuch"));
	assert_true(seq_model_open(&m, "/dev/null", &err) < 0);
	assert_true(seq_model_open(&m, path_of("hf", "llama/config.json"), &err) == SEQ_E_FORMAT);
	seq_model_free(NULL);
}

static void rows_are_named(void **state)
{
	(void)state;
	size_t n = 0;
	for (const char *name; (name = seq_arch_name(n)); n++) {
		const seqp_arch *a = seqp_arch_at(n);
		assert_true(*name && a->numbers && a->parts && a->block && a->blocks);
		for (size_t k = 0; k < n; k++)
			assert_string_not_equal(name, seq_arch_name(k));
		for (const char *const *g = a->gguf; *g; g++)
			assert_ptr_equal(seqp_arch_find(SEQP_FROM_GGUF, *g), a);
		for (const char *const *h = a->hf; *h; h++)
			assert_ptr_equal(seqp_arch_find(SEQP_FROM_HF, *h), a);
	}
	assert_true(n >= 100);
}

/* seq-model(5) has a line for every row; the rows that end in -pth are told in words. */
static void rows_have_a_line(void **state)
{
	(void)state;
	char path[1024], line[512];
	const char *src = getenv("SEQ_SRC");
	snprintf(path, sizeof path, "%s/man/seq-model.5", src ? src : "..");
	for (size_t n = 0; seq_arch_name(n); n++) {
		const char *name = seq_arch_name(n), *end = strstr(name, "-pth");
		FILE *f = fopen(path, "r");
		size_t len = strlen(name), found = end && !end[4];
		assert_non_null(f);
		while (!found && fgets(line, sizeof line, f))
			found = !strncmp(line, ".It ", 4) && !strncmp(line + 4, name, len) && !strncmp(line + 4 + len, " Ta ", 4);
		fclose(f);
		if (!found)
			fail_msg("%s is not in %s", name, path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_references), cmocka_unit_test(opens_shared), cmocka_unit_test(transforms),
		cmocka_unit_test(reorders), cmocka_unit_test(refuses_configurations), cmocka_unit_test(ties),
		cmocka_unit_test(windows), cmocka_unit_test(spoilt_configurations), cmocka_unit_test(fingerprints),
		cmocka_unit_test(folders), cmocka_unit_test(not_models), cmocka_unit_test(rows_are_named),
		cmocka_unit_test(rows_have_a_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
