/* SPDX-License-Identifier: MIT */
/* Output files that appear when they are complete, and what happens on the way out. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "porch.h"

enum { MAX_TEMPS = 4 };

/* Names of unfinished files, for the signal handler: a slot is set last and cleared first. */
static char *volatile temps[MAX_TEMPS];

static void remember(char *temp)
{
	for (int i = 0; i < MAX_TEMPS; i++)
		if (!temps[i]) {
			temps[i] = temp;
			return;
		}
}

static void forget(const char *temp)
{
	for (int i = 0; i < MAX_TEMPS; i++)
		if (temps[i] == temp)
			temps[i] = NULL;
}

static void remove_temps(void)
{
	for (int i = 0; i < MAX_TEMPS; i++)
		if (temps[i])
			unlink(temps[i]);
}

static void on_signal(int sig)
{
	remove_temps();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* A write that failed must not look like success, whatever the code was to be. */
static void close_stdout(void)
{
	remove_temps();
	int bad = ferror(stdout);
	errno = 0;
	if (fclose(stdout) || bad) {
		if (!porch_said())
			fprintf(stderr, "%s: standard output: %s\n", tool.spec->name,
			        errno ? strerror(errno) : "write error");
		_exit(1);
	}
}

void porch_file_start(void)
{
	static const int sigs[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXFSZ};
	for (size_t i = 0; i < sizeof sigs / sizeof sigs[0]; i++) {
		struct sigaction old;
		if (!sigaction(sigs[i], NULL, &old) && old.sa_handler == SIG_IGN)
			continue;
		signal(sigs[i], on_signal);
	}
	atexit(close_stdout);
}

/* --- files ---------------------------------------------------------------------- */

/* Devices, pipes and the like are written in place. */
static int in_place(const char *path)
{
	struct stat st;
	return !stat(path, &st) && !S_ISREG(st.st_mode);
}

static char *temp_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t dir = slash ? (size_t)(slash + 1 - path) : 0, room = strlen(path) + 16;
	char *t = tool_alloc(room, 1);
	snprintf(t, room, "%.*s.%s.XXXXXX", (int)dir, path, path + dir);
	return t;
}

/* mkstemp makes files for the owner alone; the final one follows the umask, or the file it replaces. */
static void set_mode(int fd, const char *path)
{
	struct stat st;
	mode_t mask = umask(0);
	umask(mask);
	if (fchmod(fd, stat(path, &st) ? 0666 & ~mask : st.st_mode & 0777))
		tool_warn("%s: cannot set its mode: %s", path, strerror(errno));
}

void tool_file_open(tool_file *f, const char *path)
{
	*f = (tool_file){.name = path ? path : "standard output", .fd = 1};
	if (!path)
		return;
	if (in_place(path)) {
		f->path = tool_alloc(strlen(path) + 1, 1);
		strcpy(f->path, path);
		f->fd = open(path, O_WRONLY | O_CLOEXEC);
	} else {
		/* a link keeps its name: the file it leads to is replaced */
		f->path = realpath(path, NULL);
		if (!f->path) {
			f->path = tool_alloc(strlen(path) + 1, 1);
			strcpy(f->path, path);
		}
		f->temp = temp_name(f->path);
		f->fd = mkostemp(f->temp, O_CLOEXEC);
	}
	if (f->fd < 0)
		tool_die("%s: %s", path, strerror(errno));
	if (f->temp) {
		remember(f->temp);
		set_mode(f->fd, f->path);
	}
}

static void forget_file(tool_file *f)
{
	if (f->temp)
		forget(f->temp);
	free(f->temp);
	free(f->path);
	*f = (tool_file){.name = f->name, .fd = -1};
}

void tool_file_keep(tool_file *f)
{
	if (f->fd < 0)
		return;
	if (f->fd != 1 && close(f->fd))
		tool_die("%s: %s", f->name, strerror(errno));
	if (f->temp && rename(f->temp, f->path))
		tool_die("%s: %s", f->name, strerror(errno));
	forget_file(f);
}

void tool_file_drop(tool_file *f)
{
	if (f->fd < 0)
		return;
	if (f->fd != 1)
		close(f->fd);
	if (f->temp)
		unlink(f->temp);
	forget_file(f);
}
