/* SPDX-License-Identifier: MIT */
/* An architecture is a row of tables: which numbers and tensors its files hold under
 * which names, and the block program of its layers. */
#ifndef MODEL_ARCH_ARCH_H
#define MODEL_ARCH_ARCH_H

#include "model/build.h"
#include "model/program.h"

/* A word of the metadata, or of a list of them by layer, and the number it stands for; NAN: as if absent. */
typedef struct seqp_word {
	const char *word;
	double number;
} seqp_word;

/* A number.  Names: alternatives with | between, "%" for the architecture's name (GGUF),
 * dots into objects (JSON); "=3" is a constant of the format, NULL: not there.  When the
 * files say nothing: expr (over numbers before it; "GGUF's|the other's" where they differ),
 * else dflt if SEQP_DFLT, else unset. */
typedef struct seqp_number {
	const char *key, *gguf, *hf;
	double min, max;
	unsigned how;
	double dflt;
	const char *expr;
	const seqp_word *words;
} seqp_number;

enum {
	SEQP_INT = 1,        /* whole */
	SEQP_NEED = 2,       /* refused when neither file nor row has it */
	SEQP_DFLT = 4,
	SEQP_NULL_ZERO = 8,  /* a JSON null means 0, not "use the default" */
	SEQP_COUNT = 16,     /* a list or a string stands for its length */
	SEQP_LETTERS = 32    /* a string is a list of words of one letter */
};

/* A weight.  Names: "%" is the layer (on the JSON side its number "names.layer" if that is set, with SEQP_SHARED its number
 * "shared"), "@" its number "ordinal"; a JSON-side name gets the prefix of the model
 * unless it begins with "/".  A role may have several rows: the first whose tensor exists
 * serves.  rows, cols: the shape it must have (expressions); cols NULL: a vector. */
typedef struct seqp_part {
	const char *role, *gguf, *hf, *rows, *cols;
	unsigned how;
	const char *first, *whole; /* a slice: rows begin at first in a tensor of whole rows */
	unsigned types;            /* bit t: layers of type t have it; 0: all */
} seqp_part;

enum {
	SEQP_OPT = 1,          /* may be missing */
	SEQP_SMALL = 2,        /* an array [rows][cols] made F32 */
	SEQP_HF_PLUS1 = 4,     /* the transforms: on the Hugging Face side only */
	SEQP_HF_NEGEXP = 8,
	SEQP_HF_TRANSPOSE = 16, /* of a tensor of three dimensions: each matrix of it */
	SEQP_HF_HEADS = 32,    /* rows are [kv_heads][its heads of q | k | v]; first is 0, 1 or 2 */
	SEQP_HF_PAIRS = 64,    /* rows lie in pairs; first is 0 or 1 */
	SEQP_STACK = 128,      /* as many matrices as number "experts" of the role's prefix: a tensor of rank 3, or, with "#"
				* in the name, a tensor each */
	SEQP_HF_COLUMNS = 256, /* first and whole count columns */
	SEQP_FLAT = 512,       /* a matrix whose rows have several dimensions */
	SEQP_SHARED = 1024,    /* "%" is the number "shared" of the layer */
	SEQP_GROUPS = 2048     /* rows lie in groups, as many as number "groups" of the role's prefix; first counts within one */
};

/* Operations of a block: registers without their SEQP_. */
#define NORM(d, s, k, r) {.code = SEQP_NORM, .kind = k, .role = r, .dst = SEQP_##d, .src = SEQP_##s, .src2 = SEQP_##s}
#define MIX(d, s, k, r) {.code = SEQP_MIX, .kind = k, .role = r, .dst = SEQP_##d, .src = SEQP_##s, .src2 = SEQP_##s}
#define MLP(d, s, k, r) {.code = SEQP_MLP, .kind = k, .role = r, .dst = SEQP_##d, .src = SEQP_##s, .src2 = SEQP_##s}
#define LINEAR(d, s, r) {.code = SEQP_LINEAR, .role = r, .dst = SEQP_##d, .src = SEQP_##s, .src2 = SEQP_##s}
#define CAT(d, s, s2) {.code = SEQP_CAT, .dst = SEQP_##d, .src = SEQP_##s, .src2 = SEQP_##s2}
#define ADD(d, s, s2) ADD_SCALED(d, s, s2, NULL, NULL)
#define ADD_SCALED(d, s, s2, a, b) \
	{.code = SEQP_ADD, .dst = SEQP_##d, .src = SEQP_##s, .src2 = SEQP_##s2, .alpha = a, .beta = b}

typedef struct seqp_block {
	const seqp_op *op;
	size_t n;
} seqp_block;

typedef struct seqp_arch {
	const char *name;
	const char *const *gguf, *const *hf;   /* names in files; NULL ends */
	const char *const *prefix;             /* of Hugging Face tensors, tried in order */
	const seqp_number *const *numbers;     /* lists, ended by NULL; a key counts where it is first */
	const seqp_part *const *parts;
	const char *const *skip;               /* endings of tensor names that are known to have no role */
	const char *refuse_gguf, *refuse_hf;   /* keys ( | ) that must be absent, null, 0 or false */
	int (*finish)(seq_model *m, seq_error *err); /* what a table cannot say; may be NULL */
	const seqp_block *block;               /* by the number "type" of a layer */
	size_t blocks;
	seqp_block out;                        /* after the last layer */
	seqp_block in;                         /* before the first */
} seqp_arch;

const seqp_arch *seqp_arch_find(enum seqp_format format, const char *name);
const seqp_arch *seqp_arch_at(size_t i); /* NULL past the last */

/* Sets number key to the rows of the tensor that plays role in the first layer that has it, if any has. */
int seqp_number_by_rows(seq_model *m, const char *key, const char *role, seq_error *err);

/* What several rows share (kit.c). */
extern const seqp_number seqp_kit_model[];     /* layers, width, context, logits */
extern const seqp_number seqp_kit_attn[];      /* heads, widths, window */
extern const seqp_number seqp_kit_rope[];      /* theta and scaling */
extern const seqp_number seqp_kit_gated[];     /* gated MLP with silu */
extern const seqp_part seqp_kit_ends[];        /* embed, out_norm, head */
extern const seqp_part seqp_kit_qkvo[];        /* q, k, v, o with optional biases, rope factors */
extern const seqp_part seqp_kit_swiglu[];      /* gate, up, down with optional biases */
extern const seqp_part seqp_kit_prenorm[];     /* attn_norm, mlp_norm */
extern const seqp_word seqp_act_words[], seqp_rope_words[];
extern const char *const seqp_kit_prefix[], *const seqp_kit_skip[];
extern const seqp_block seqp_block_prenorm;    /* rms, softmax, gated */
extern const seqp_block seqp_block_sandwich;   /* the same with norms after the branches */
extern const seqp_block seqp_block_ln_plain;   /* layer norms, softmax, plain */
extern const seqp_block seqp_block_postnorm;   /* norms after the branches only */
extern const seqp_block seqp_block_ln_parallel; /* one layer norm; softmax and plain side by side */
extern const seqp_block seqp_block_rms_out;
extern const seqp_op seqp_ops_ln_out[1], seqp_ops_ln_plain[6];
extern const seqp_part seqp_kit_head_norms[];  /* q_norm, k_norm per head */
extern const seqp_number seqp_kit_head_norms_on[];

/* Layers with a window: theta is "rope.theta_local" if that is set, and never scaled. */
int seqp_local_rope(seq_model *m, seq_error *err);

/* "window.size" where "window.use" allows it. */
int64_t seqp_window_size(const seq_model *m);

/* Sets "attn.window" of each layer: sliding where the words of layer_types say so, else
 * where rule says so. */
int seqp_windows(seq_model *m, int64_t window, bool (*rule)(const seq_model *m, int64_t layer), seq_error *err);

#endif
