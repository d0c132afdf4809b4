/* SPDX-License-Identifier: MIT */
/* The porch every filter stands on.
 *
 *     static void take(int opt, const char *value) { ... }
 *     static const struct option longs[] = {{"chunk", required_argument, NULL, OPT_CHUNK}, {0}};
 *     static const tool_spec spec = {"prefill", help, "", longs, take, TOOL_MODEL | TOOL_THREADS | TOOL_STREAM};
 *
 *     int main(int argc, char **argv)
 *     {
 *         seq_frame f;
 *         tool_begin(&spec, argc, argv);
 *         while (tool_frame(&f))
 *             ...;
 *         return tool_end();
 *     }
 *
 * Functions that cannot do their work print one line `NAME: text` and exit: 1 when the work
 * failed, 2 when it was asked wrongly.  Output files are then removed. */
#ifndef TOOL_H
#define TOOL_H

#include <getopt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "seq/error.h"
#include "seq/frame.h"
#include "seq/model.h"
#include "seq/net.h"

#define TOOL_NORETURN __attribute__((noreturn))

/* --- the command line ---------------------------------------------------- */

/* Which of the common options a tool has; -h -V -q -v are always there. */
enum {
	TOOL_MODEL = 1,   /* -m */
	TOOL_THREADS = 2, /* -t */
	TOOL_OUT = 4,     /* -o */
	TOOL_BINARY = 8,  /* --no-provenance, --codec */
	TOOL_STREAM = TOOL_OUT | TOOL_BINARY, /* the output is a stream */
	TOOL_SEQ = 16     /* --seq: tool_gather() takes these sequences only */
};

typedef struct tool_spec {
	const char *name;
	const char *help;            /* usage line, one sentence, own options; the common ones are added */
	const char *shorts;          /* own short options as for getopt; "" for none */
	const struct option *longs;  /* own long options, ended by {0}; NULL for none; val: a letter or 256.. */
	void (*take)(int opt, const char *value); /* an own option; value NULL when it has none */
	unsigned common;
} tool_spec;

typedef struct tool_common {
	const tool_spec *spec;
	const char *model;   /* -m, or NULL */
	const char *out;     /* -o, or NULL for standard output */
	int threads;         /* -t; 0: physical cores */
	int quiet, verbose;
	int no_provenance;
	int codec_set;
	enum seq_codec codec;
	char **files;        /* inputs; "-" is standard input; never empty */
	size_t nfiles;
	uint64_t seed;       /* goes into the provenance when seed_set */
	int seed_set;
	const char *seqs;    /* --seq, or NULL for all */
} tool_common;

extern tool_common tool;

/* Parses the options, chooses the kernels, sets up signals and exits. */
void tool_begin(const tool_spec *spec, int argc, char **argv);

/* Strict parsers; a bad value exits 2 and says what is allowed. opt is the option as typed, "--chunk". */
int64_t tool_int(const char *opt, const char *value, int64_t lo, int64_t hi);
int64_t tool_size(const char *opt, const char *value, int64_t lo, int64_t hi); /* k M G: powers of 1024 */
uint64_t tool_u64(const char *opt, const char *value);
double tool_real(const char *opt, const char *value, double lo, double hi);
/* Is id in a list like 0,3,5-9 (checked; NULL: every id is)? */
int tool_in_list(const char *opt, const char *list, uint32_t id);
/* Index of value in names (ended by NULL). */
int tool_choice(const char *opt, const char *value, const char *const *names);

/* --- saying what went wrong ------------------------------------------------ */

void tool_usage(const char *fmt, ...) SEQ_PRINTF(1, 2) TOOL_NORETURN; /* exit 2 */
void tool_die(const char *fmt, ...) SEQ_PRINTF(1, 2) TOOL_NORETURN;   /* exit 1 */
void tool_fail(const seq_error *err) TOOL_NORETURN;                   /* exit 1 with its sentence */
void tool_warn(const char *fmt, ...) SEQ_PRINTF(1, 2);                /* silent with -q */
/* For the end of a run: the line is printed, work goes on, tool_end() returns 1. */
void tool_broken(const char *fmt, ...) SEQ_PRINTF(1, 2);
int tool_is_broken(void);

/* --- input ----------------------------------------------------------------- */

/* Opens input i (of tool.nfiles) for plain bytes; *name is for error lines. */
int tool_open_input(size_t i, const char **name);

/* The next frame of all inputs, one after another; 0 at the end.  A stream that is cut or
 * broken ends the frames too: the error is printed at once, what was complete can still
 * be handed on, and tool_end() returns 1 and leaves the output visibly broken. */
int tool_frame(seq_frame *f);
/* What the begin frames so far say (reads the first one); never NULL. */
const seq_origin *tool_origin(void);

/* --- sequences ------------------------------------------------------------------
 *
 * Tokens of role PAST are the history of a sequence: its state has run them (without a state they are run
 * again).  Tokens of role NEW are still to be run; they come after the state. */

typedef struct tool_seq {
	uint32_t id;
	int32_t *token;   /* history, then new */
	size_t n, cap;
	size_t history;   /* the first so many the state has run */
	seq_state *state; /* NULL until one arrives or tool_seq_state() makes it */
	int committed;    /* the stream held a state, and it is complete */
} tool_seq;

typedef struct tool_seqs {
	tool_seq **at;    /* in order of appearance */
	size_t n, cap;
	uint32_t *slot;   /* hash of ids */
	size_t slots;
} tool_seqs;

/* Reads all inputs; other frames are copied to w (NULL: dropped).  Ids are checked against m's vocabulary.
 * Returns the net it opened by o: its cache is of the type of the states that come, unless o sets one.
 * After a broken stream tool_is_broken() is true. */
seq_net *tool_gather(tool_seqs *s, const seq_model *m, const seq_net_opts *o, seq_writer *w);
void tool_seq_state(tool_seq *q, seq_net *net);
void tool_seq_push(tool_seq *q, const int32_t *id, size_t n);
void tool_seqs_free(tool_seqs *s);
/* The new tokens of n sequences, as one ragged batch in pieces, with progress. */
void tool_run(tool_seq **q, size_t n, seq_net *net, enum seq_logits want);
/* Tokens of q as a frame of role NEW; the state of q after its tokens as PAST. */
void tool_put_tokens(seq_writer *w, const tool_seq *q, const int32_t *id, size_t n);
void tool_put_state(seq_writer *w, const tool_seq *q);

/* --- the model --------------------------------------------------------------- */

/* The model of -m, else of $SEQ_MODEL, else the one named in the stream if it is found and its
 * fingerprint fits, else the installed default.  o may be NULL. */
const char *tool_model_path(const seq_origin *o);
/* Opens it; a stream made by another model is refused. */
seq_model *tool_model_open(const seq_origin *o);
/* The options of a net, numbered from first on: --chunk, --ctx, --kv, --act.  1: it was one of them. */
int tool_net_option(int opt, const char *value, seq_net_opts *o, int first);
/* Exits 1 when o has a fingerprint that is not the model's. */
void tool_check_origin(const seq_origin *o, const seq_model *m);
/* Fingerprint of the model at path; zeros when it holds a vocabulary only. */
void tool_fingerprint(const char *path, uint8_t out[16]);

/* --- output ------------------------------------------------------------------- */

/* A file that appears under its name only when it is complete. */
typedef struct tool_file {
	char *path, *temp; /* temp NULL: written in place (a device, a pipe, standard output) */
	const char *name;
	int fd;
} tool_file;

void tool_file_open(tool_file *f, const char *path); /* NULL: standard output */
void tool_file_keep(tool_file *f);                   /* close and rename */
void tool_file_drop(tool_file *f);                   /* close and remove */

/* The stream on -o or standard output (a terminal is refused).  in: what the incoming stream said, or NULL;
 * m: its path and fingerprint go into the begin frame; NULL: those of in. */
seq_writer *tool_writer(const seq_origin *in, const seq_model *m);
/* The same with the path and fingerprint given. */
seq_writer *tool_writer_as(const seq_origin *in, const char *model, const uint8_t fingerprint[16]);
/* A second stream, by --state-out and the like. */
seq_writer *tool_writer_on(tool_file *f, const seq_origin *in, const seq_model *m);
void tool_put(seq_writer *w, const seq_frame *f);   /* exits 1 when it cannot be written */
void tool_flush(seq_writer *w);
/* Text output: a FILE on -o or standard output, closed and checked by tool_end(). */
FILE *tool_text(void);

/* Ends the output (the end frame, the rename; broken when anything failed); the exit code. */
int tool_end(void);

/* --- progress and the summary -------------------------------------------------- */

void tool_progress(uint64_t done, uint64_t total); /* tokens; total 0: unknown */
void tool_progress_of(const char *unit, double size, uint64_t done, uint64_t total); /* of other things, size to a unit */
void tool_progress_clear(void);
double tool_seconds(void); /* since tool_begin */
/* With -v: the line "NAME: 120 tokens, 0.84 s, 142.9 tokens/s, 31.2 MB resident, 1.1 MB state". */
void tool_summary(uint64_t tokens, double seconds, size_t state_bytes);

/* malloc and realloc that exit 1. */
void *tool_alloc(size_t n, size_t size);
void *tool_grow(void *p, size_t *cap, size_t need, size_t size);

#endif
