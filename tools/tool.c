/* SPDX-License-Identifier: MIT */
/* The command line and the ways out. */
#include "tool.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "porch.h"
#include "seq/cpu.h"
#include "seq/version.h"

tool_common tool;

static int broken, said;

enum { OPT_NO_PROVENANCE = 0x7001, OPT_CODEC, OPT_SEQ, MAX_LONGS = 64 };

/* The common options: which flag of the tool brings each in, and its lines in the help. */
static const struct common_row {
	unsigned flag;
	struct option opt;
	const char *help;
} common[] = {
	{TOOL_MODEL, {"model", required_argument, NULL, 'm'},
	 "  -m, --model MODEL    a GGUF or safetensors file or a folder with config.json\n"
	 "                       (else $SEQ_MODEL, the model named in the stream, the default)\n"},
	{TOOL_OUT, {"output", required_argument, NULL, 'o'},
	 "  -o, --output FILE    write to FILE, which appears when it is complete\n"},
	{TOOL_THREADS, {"threads", required_argument, NULL, 't'}, "  -t, --threads N      0: one a physical core (default)\n"},
	{TOOL_SEQ, {"seq", required_argument, NULL, OPT_SEQ}, "      --seq LIST       these sequences only: 0,3,5-9\n"},
	{TOOL_BINARY, {"codec", required_argument, NULL, OPT_CODEC}, "      --codec C        none (default) or zstd\n"},
	{TOOL_BINARY, {"no-provenance", no_argument, NULL, OPT_NO_PROVENANCE},
	 "      --no-provenance  leave out who made the stream\n"},
	{0, {"quiet", no_argument, NULL, 'q'}, "  -q, --quiet          no warnings, no progress\n"},
	{0, {"verbose", no_argument, NULL, 'v'}, "  -v, --verbose        end with a line of counts and times\n"},
	{0, {"help", no_argument, NULL, 'h'}, "  -h, --help           this text\n"},
	{0, {"version", no_argument, NULL, 'V'}, "  -V, --version        name and version\n"},
};
enum { NCOMMON = sizeof common / sizeof common[0] };

static int has(const struct common_row *row)
{
	return !row->flag || (tool.spec->common & row->flag);
}

/* --- messages ---------------------------------------------------------------- */

static void say(const char *fmt, va_list ap)
{
	char line[1024];
	vsnprintf(line, sizeof line, fmt, ap);
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	tool_progress_clear();
	fprintf(stderr, "%s: %s\n", tool.spec->name, line);
}

#define SAY(fmt) do { va_list ap; va_start(ap, fmt); say(fmt, ap); va_end(ap); } while (0)

int porch_said(void)
{
	return said;
}

void tool_usage(const char *fmt, ...)
{
	SAY(fmt);
	exit(2);
}

void tool_die(const char *fmt, ...)
{
	said = 1;
	SAY(fmt);
	exit(1);
}

void tool_fail(const seq_error *err)
{
	tool_die("%s", err->text[0] ? err->text : "failed");
}

void tool_warn(const char *fmt, ...)
{
	if (!tool.quiet)
		SAY(fmt);
}

void tool_broken(const char *fmt, ...)
{
	SAY(fmt);
	said = broken = 1;
}

int tool_is_broken(void)
{
	return broken;
}

void *tool_alloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);
	if (!p)
		tool_die("no memory for %zu times %zu bytes", n, size);
	return p;
}

void *tool_grow(void *p, size_t *cap, size_t need, size_t size)
{
	if (need <= *cap)
		return p;
	size_t n = *cap < 16 ? 16 : *cap, bytes;
	while (n < need && n <= SIZE_MAX / 2)
		n *= 2;
	if (n < need || __builtin_mul_overflow(n, size, &bytes) || !(p = realloc(p, bytes)))
		tool_die("no memory for %zu elements", need);
	*cap = n;
	return p;
}

/* --- values ------------------------------------------------------------------- */

int64_t tool_int(const char *opt, const char *value, int64_t lo, int64_t hi)
{
	char *end;
	errno = 0;
	long long n = strtoll(value, &end, 10);
	if (errno || end == value || *end || isspace((unsigned char)*value) || n < lo || n > hi)
		tool_usage("%s %s: a whole number from %lld to %lld is wanted", opt, value, (long long)lo, (long long)hi);
	return n;
}

int64_t tool_size(const char *opt, const char *value, int64_t lo, int64_t hi)
{
	static const char letters[] = "kKmMgG";
	char *end;
	errno = 0;
	long long n = strtoll(value, &end, 10);
	int bad = errno || end == value || isspace((unsigned char)*value);
	const char *letter = !bad && *end ? strchr(letters, *end) : NULL;
	if (letter) {
		bad = __builtin_mul_overflow(n, 1LL << (10 * (1 + (letter - letters) / 2)), &n);
		end++;
	}
	if (bad || *end || n < lo || n > hi)
		tool_usage("%s %s: a size from %lld to %lld is wanted, with k, M or G if you like", opt, value,
		           (long long)lo, (long long)hi);
	return n;
}

uint64_t tool_u64(const char *opt, const char *value)
{
	char *end;
	errno = 0;
	unsigned long long n = strtoull(value, &end, 10);
	if (errno || end == value || *end || !isdigit((unsigned char)*value))
		tool_usage("%s %s: a whole number from 0 to 18446744073709551615 is wanted", opt, value);
	return n;
}

double tool_real(const char *opt, const char *value, double lo, double hi)
{
	char *end;
	double x = strtod(value, &end);
	if (end == value || *end || isspace((unsigned char)*value) || !(x >= lo && x <= hi))
		tool_usage("%s %s: a number from %g to %g is wanted", opt, value, lo, hi);
	return x;
}

int tool_choice(const char *opt, const char *value, const char *const *names)
{
	char all[256] = "";
	for (int i = 0; names[i]; i++) {
		if (!strcmp(names[i], value))
			return i;
		size_t at = strlen(all);
		snprintf(all + at, sizeof all - at, "%s%s", i ? ", " : "", names[i]);
	}
	tool_usage("%s %s: one of %s is wanted", opt, value, all);
}

int tool_in_list(const char *opt, const char *list, uint32_t id)
{
	int hit = !list;
	for (const char *p = list; p && *p; p += *p == ',') {
		char *end;
		unsigned long long lo = strtoull(p, &end, 10), hi = lo;
		int bad = !isdigit((unsigned char)*p);
		if (!bad && *end == '-') {
			bad = !isdigit((unsigned char)end[1]);
			hi = strtoull(end + 1, &end, 10);
		}
		if (bad || lo > hi || hi > UINT32_MAX || (*end && *end != ',') || (*end == ',' && !end[1]))
			tool_usage("%s %s: numbers and ranges like 0,3,5-9 are wanted", opt, list);
		hit |= id >= lo && id <= hi;
		p = end;
	}
	if (list && !*list)
		tool_usage("%s: a list like 0,3,5-9 is wanted", opt);
	return hit;
}

/* --- options -------------------------------------------------------------------- */

static void print_help(void)
{
	fputs(tool.spec->help, stdout);
	for (int i = 0; i < NCOMMON; i++)
		if (has(&common[i]))
			fputs(common[i].help, stdout);
	printf("\nExit status: 0 done, 1 failed, 2 asked wrongly.  See %s(1).\n", tool.spec->name);
	exit(0);
}

static void take_common(int opt, const char *value)
{
	static const char *const codecs[] = {"none", "zstd", NULL};
	switch (opt) {
	case 'm': tool.model = value; break;
	case 'o': tool.out = value; break;
	case 't': tool.threads = (int)tool_int("--threads", value, 0, 1024); break;
	case 'q': tool.quiet = 1; break;
	case 'v': tool.verbose = 1; break;
	case OPT_NO_PROVENANCE: tool.no_provenance = 1; break;
	case OPT_SEQ:
		tool.seqs = value;
		tool_in_list("--seq", value, 0);
		break;
	case OPT_CODEC:
		tool.codec = tool_choice("--codec", value, codecs) ? SEQ_CODEC_SPLIT_ZSTD : SEQ_CODEC_NONE;
		tool.codec_set = 1;
		break;
	}
}

/* getopt says '?' for unknown and ambiguous names alike; the sentence lists what was meant. */
static void bad_option(const char *word, int letter, const struct option *longs)
{
	char hits[512] = "";
	size_t len = strcspn(word, "="), n = 0;
	int dashed = !strncmp(word, "--", 2);
	for (; dashed && longs->name; longs++) {
		if (len > 2 && strncmp(longs->name, word + 2, len - 2))
			continue;
		size_t at = strlen(hits);
		snprintf(hits + at, sizeof hits - at, "%s--%s", n++ ? ", " : "", longs->name);
	}
	if (!dashed)
		tool_usage("-%c: unknown option; see %s --help", letter, tool.spec->name);
	if (!n || len == 2)
		tool_usage("%.*s: unknown option; see %s --help", (int)len, word, tool.spec->name);
	if (n == 1)
		tool_usage("%.*s: this option takes no value", (int)len, word);
	tool_usage("%.*s: ambiguous, it could be %s", (int)len, word, hits);
}

static size_t merge(struct option *longs, char *shorts, size_t room)
{
	size_t n = 0, at = (size_t)snprintf(shorts, room, ":%s", tool.spec->shorts ? tool.spec->shorts : "");
	for (const struct option *o = tool.spec->longs; o && o->name && n < MAX_LONGS; o++)
		longs[n++] = *o;
	for (int i = 0; i < NCOMMON; i++) {
		if (!has(&common[i]))
			continue;
		longs[n++] = common[i].opt;
		if (common[i].opt.val < 256)
			at += (size_t)snprintf(shorts + at, room - at, "%c%s", common[i].opt.val,
			                       common[i].opt.has_arg ? ":" : "");
	}
	longs[n] = (struct option){0};
	return n;
}

static int is_common(int c)
{
	for (int i = 0; i < NCOMMON; i++)
		if (has(&common[i]) && common[i].opt.val == c)
			return 1;
	return 0;
}

static void parse(int argc, char **argv)
{
	struct option longs[MAX_LONGS + NCOMMON + 1];
	char shorts[128];
	merge(longs, shorts, sizeof shorts);
	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
		const char *word = argv[optind > 1 ? optind - 1 : 1];
		if (c == ':')
			tool_usage("%s: this option needs a value", word);
		else if (c == '?')
			bad_option(word, optopt < 256 ? optopt : '?', longs);
		else if (c == 'h')
			print_help();
		else if (c == 'V') {
			printf("%s (libseq) %s\n", tool.spec->name, seq_version());
			exit(0);
		} else if (is_common(c))
			take_common(c, optarg);
		else
			tool.spec->take(c, optarg);
	}
	static char dash[] = "-";
	static char *standard[] = {dash, NULL};
	tool.files = optind < argc ? argv + optind : standard;
	tool.nfiles = optind < argc ? (size_t)(argc - optind) : 1;
}

/* A closed standard stream would lend its number to the next file opened. */
static void fill_holes(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
			_exit(1);
}

void tool_begin(const tool_spec *spec, int argc, char **argv)
{
	seq_error err;
	tool.spec = spec;
	fill_holes();
	porch_file_start();
	porch_time_start();
	porch_keep_line(argc, argv);
	parse(argc, argv);
	if (seq_cpu_init(&err) < 0)
		tool_usage("%s", err.text);
}
