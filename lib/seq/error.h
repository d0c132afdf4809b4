/* SPDX-License-Identifier: MIT */
/* Errors.
 *
 * A function that can fail returns an int: 0 (or a positive count) when it
 * worked, a negative SEQ_E_* when it did not.  The last argument of every such
 * function is a seq_error, which then holds one sentence for a person; NULL is
 * allowed where the code is enough.  A failing call leaves its objects as they
 * were.  The library never prints, never exits and never aborts on data.
 *
 *     seq_error err;
 *     seq_model *m;
 *     if (seq_model_open(&m, "story.gguf", &err) < 0)
 *         fprintf(stderr, "%s\n", err.text);
 */
#ifndef SEQ_ERROR_H
#define SEQ_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

enum {
	SEQ_OK = 0,
	SEQ_E_IO = -1,          /* the system refused to read, write or map */
	SEQ_E_FORMAT = -2,      /* bytes that break the rules of their format */
	SEQ_E_UNSUPPORTED = -3, /* well formed, but nothing here can use it */
	SEQ_E_TRUNC = -4,       /* the input ends too early */
	SEQ_E_NOMEM = -5,       /* memory could not be had */
	SEQ_E_ARG = -6,         /* the caller asked for something impossible */
	SEQ_E_MISMATCH = -7     /* two inputs do not belong together */
};

typedef struct seq_error {
	int code;       /* SEQ_OK or SEQ_E_* */
	char text[256]; /* one line, no newline; empty when code is SEQ_OK */
} seq_error;

#if defined(__GNUC__)
#define SEQ_MUST_USE __attribute__((warn_unused_result))
#define SEQ_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define SEQ_MUST_USE
#define SEQ_PRINTF(f, a)
#endif

#ifdef __cplusplus
}
#endif
#endif
