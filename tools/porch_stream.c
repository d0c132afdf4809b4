/* SPDX-License-Identifier: MIT */
/* Streams in and out: the inputs in turn, the output with its provenance. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "porch.h"
#include "seq/cpu.h"
#include "seq/version.h"

static struct {
	seq_reader *reader;
	int ended;
	pid_t child; /* joins several inputs into one */
} in;

static struct {
	tool_file file;
	seq_writer *writer;
	FILE *text;
	int open;
} out;

static char *line; /* the command line as it goes into the provenance */

/* --- input ------------------------------------------------------------------------- */

int tool_open_input(size_t i, const char **name)
{
	const char *path = tool.files[i];
	if (!strcmp(path, "-")) {
		*name = "standard input";
		return 0;
	}
	*name = path;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st))
		tool_die("%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		tool_die("%s: %s", path, strerror(EISDIR));
	return fd;
}

/* Into the pipe; the exit status says which input could not be read. */
static void copy_all(int from, int to, int failed)
{
	static char buf[1 << 16];
	for (ssize_t n; (n = read(from, buf, sizeof buf)) != 0;) {
		if (n < 0 && errno == EINTR)
			continue;
		for (ssize_t at = 0, w; at < n; at += w)
			if ((w = write(to, buf + at, (size_t)(n - at))) < 0)
				_exit(failed);
		if (n < 0)
			_exit(failed);
	}
}

/* Several files are one stream, as cat would make it. */
static int join_inputs(void)
{
	int pipes[2], *fd = tool_alloc(tool.nfiles, sizeof *fd);
	for (size_t i = 0; i < tool.nfiles; i++) {
		const char *name;
		fd[i] = tool_open_input(i, &name);
	}
	if (pipe2(pipes, O_CLOEXEC))
		tool_die("a pipe: %s", strerror(errno));
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		tool_die("fork: %s", strerror(errno));
	if (!pid) {
		close(pipes[0]);
		for (size_t i = 0; i < tool.nfiles; i++)
			copy_all(fd[i], pipes[1], i < 254 ? (int)i + 1 : 255);
		_exit(0);
	}
	in.child = pid;
	close(pipes[1]);
	for (size_t i = 0; i < tool.nfiles; i++)
		if (fd[i] > 2)
			close(fd[i]);
	free(fd);
	return pipes[0];
}

/* An input that cannot be read may look like one that ends: ask the process that read it. */
static void check_joined(void)
{
	int status;
	pid_t pid = in.child;
	in.child = 0;
	if (pid <= 0 || waitpid(pid, &status, 0) != pid || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return;
	size_t i = WIFEXITED(status) ? (size_t)WEXITSTATUS(status) - 1 : tool.nfiles;
	tool_broken("%s: cannot read", i < tool.nfiles && i < 254 ? tool.files[i] : "one of the inputs");
}

static void open_reader(void)
{
	seq_error err;
	const char *name = "the joined inputs";
	int fd = tool.nfiles > 1 ? join_inputs() : tool_open_input(0, &name);
	if (fd == 0 && isatty(0))
		tool_usage("standard input is a terminal; a stream is wanted, from a pipe or a FILE");
	if (seq_reader_open(&in.reader, fd, fd != 0, name, &err) < 0)
		tool_fail(&err);
}

int tool_frame(seq_frame *f)
{
	seq_error err;
	if (in.ended)
		return 0;
	if (!in.reader)
		open_reader();
	int r = seq_reader_next(in.reader, f, &err);
	if (r > 0)
		return 1;
	if (r < 0)
		tool_broken("%s", err.text);
	else
		check_joined();
	in.ended = 1;
	return 0;
}

const seq_origin *tool_origin(void)
{
	static const seq_origin none;
	seq_error err;
	if (!in.reader)
		open_reader();
	if (!in.ended && seq_reader_start(in.reader, &err) < 0) {
		tool_broken("%s", err.text);
		in.ended = 1;
	}
	const seq_origin *o = seq_reader_origin(in.reader);
	return o ? o : &none;
}

/* --- provenance ----------------------------------------------------------------------- */

static size_t quote(char *to, const char *word)
{
	size_t n = 0;
	int plain = *word && !word[strcspn(word, " \t'\"\\$`*?<>|&;()#~")];
	if (!plain)
		to[n++] = '\'';
	for (; *word; word++)
		to[n++] = (unsigned char)*word < 0x20 || *word == 0x7f || *word == '\'' ? '?' : *word;
	if (!plain)
		to[n++] = '\'';
	return n;
}

void porch_keep_line(int argc, char **argv)
{
	size_t room = 1, at = 0;
	for (int i = 1; i < argc; i++)
		room += strlen(argv[i]) + 3;
	line = tool_alloc(room, 1);
	for (int i = 1; i < argc; i++) {
		line[at++] = ' ';
		at += quote(line + at, argv[i]);
	}
}

char *porch_provenance(const seq_origin *from, const uint8_t fingerprint[16])
{
	enum { MOST = 32768 }; /* older lines go first */
	const char *old = from && from->provenance ? from->provenance : "";
	char hex[33], seed[40] = "", *text;
	if (tool.no_provenance)
		return tool_alloc(1, 1);
	while (strlen(old) > MOST && strchr(old, '\n'))
		old = strchr(old, '\n') + 1;
	porch_fingerprint_text(fingerprint, hex);
	if (tool.seed_set)
		snprintf(seed, sizeof seed, " seed=%llu", (unsigned long long)tool.seed);
	size_t n = strlen(old);
	if (asprintf(&text, "%s%s%s %s%.4096s model=%s%s cpu=%s\n", old, n && old[n - 1] != '\n' ? "\n" : "",
	             tool.spec->name, seq_version(), line, porch_fingerprint_zero(fingerprint) ? "none" : hex, seed,
	             seq_cpu_name()) < 0)
		tool_die("no memory for the provenance");
	return text;
}

/* --- output ---------------------------------------------------------------------------- */

static seq_writer *open_writer(tool_file *f, const seq_origin *from, const char *model, const uint8_t fp[16])
{
	seq_error err;
	seq_writer *w;
	char *lines = porch_provenance(from, fp);
	seq_writer_opts o = {.codec = tool.codec, .name = f->name, .origin = {.model = model, .provenance = lines}};
	memcpy(o.origin.fingerprint, fp, 16);
	if (seq_writer_open(&w, f->fd, &o, &err) < 0)
		tool_fail(&err);
	free(lines);
	return w;
}

seq_writer *tool_writer_as(const seq_origin *from, const char *model, const uint8_t fp[16])
{
	if (!tool.out && isatty(1))
		tool_usage("a binary stream is not written to a terminal; try `| seqcat --text` or `-o FILE`");
	tool_file_open(&out.file, tool.out);
	out.open = 1;
	out.writer = open_writer(&out.file, from, model, fp);
	return out.writer;
}

static seq_writer *writer_of(tool_file *f, const seq_origin *from, const seq_model *m)
{
	static const uint8_t zero[16];
	uint8_t fp[16];
	if (!m)
		return f ? open_writer(f, from, from ? from->model : NULL, from ? from->fingerprint : zero)
		         : tool_writer_as(from, from ? from->model : NULL, from ? from->fingerprint : zero);
	seq_model_fingerprint(m, fp);
	char *path = realpath(seq_model_path(m), NULL);
	if (!path && errno == ENOMEM)
		tool_die("no memory for a path");
	const char *name = path ? path : seq_model_path(m);
	seq_writer *w = f ? open_writer(f, from, name, fp) : tool_writer_as(from, name, fp);
	free(path);
	return w;
}

seq_writer *tool_writer(const seq_origin *from, const seq_model *m)
{
	return writer_of(NULL, from, m);
}

seq_writer *tool_writer_on(tool_file *f, const seq_origin *from, const seq_model *m)
{
	return writer_of(f, from, m);
}

void tool_put(seq_writer *w, const seq_frame *f)
{
	seq_error err;
	if (seq_writer_put(w, f, &err) < 0)
		tool_fail(&err);
}

void tool_flush(seq_writer *w)
{
	seq_error err;
	if (seq_writer_flush(w, &err) < 0)
		tool_fail(&err);
}

/* --- text ------------------------------------------------------------------------------- */

static ssize_t write_text(void *cookie, const char *text, size_t n)
{
	int fd = *(int *)cookie;
	size_t at = 0;
	while (at < n) {
		ssize_t w = write(fd, text + at, n - at);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return 0; /* a stream made by fopencookie() wants 0 for an error */
		at += (size_t)w;
	}
	return (ssize_t)n;
}

FILE *tool_text(void)
{
	if (out.text)
		return out.text;
	tool_file_open(&out.file, tool.out);
	out.open = 1;
	out.text = fopencookie(&out.file.fd, "w", (cookie_io_functions_t){.write = write_text});
	if (!out.text)
		tool_die("%s: %s", out.file.name, strerror(errno));
	setvbuf(out.text, NULL, isatty(out.file.fd) ? _IOLBF : _IOFBF, 1 << 16);
	return out.text;
}

static void end_text(void)
{
	int bad = ferror(out.text);
	FILE *f = out.text;
	errno = 0;
	out.text = NULL;
	if (fclose(f) || bad)
		tool_die("%s: %s", out.file.name, errno ? strerror(errno) : "write error");
}

int tool_end(void)
{
	seq_error err;
	if (in.reader)
		seq_reader_close(in.reader);
	in.reader = NULL;
	if (out.text)
		end_text();
	if (out.writer && tool_is_broken()) {
		(void)!seq_writer_flush(out.writer, NULL);
		seq_writer_abandon(out.writer);
	} else if (out.writer && seq_writer_close(out.writer, &err) < 0)
		tool_fail(&err);
	out.writer = NULL;
	if (out.open && tool_is_broken())
		tool_file_drop(&out.file);
	else if (out.open)
		tool_file_keep(&out.file);
	free(line);
	line = NULL;
	return tool_is_broken() ? 1 : 0;
}
