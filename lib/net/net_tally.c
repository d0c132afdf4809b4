/* SPDX-License-Identifier: MIT */
/* Tallies by the names of their tensors. */
#include <string.h>

#include "base/fail.h"
#include "net/net_room.h"

/* Layers that read the same tensor (parts of one matrix) have the same inputs: one is enough. */
static int is_known(const seq_net *net, const char *name)
{
	for (size_t i = 0; i < net->ntallies; i++)
		if (strcmp(net->tally[i].name, name) == 0)
			return 1;
	return 0;
}

int seqp_net_name_tallies(seq_net *net, seq_error *err)
{
	size_t n = 0;
	char name[128];
	for (seqp_tally *t = net->tallies; t; t = t->next)
		n++;
	net->tally = seqp_arena_alloc(&net->arena, n, sizeof *net->tally);
	net->counts = seqp_arena_alloc(&net->arena, n, sizeof *net->counts);
	if (!net->tally || !net->counts)
		return seqp_nomem(err, n * sizeof *net->tally);
	for (seqp_tally *t = net->tallies; t; t = t->next) {
		if (!seqp_weight_name(net->model, t->layer, t->role, name, sizeof name) || is_known(net, name))
			continue;
		const char *copy = seqp_arena_strdup(&net->arena, name, strlen(name));
		if (!copy)
			return seqp_nomem(err, strlen(name));
		net->counts[net->ntallies] = t;
		net->tally[net->ntallies++] = (seq_tally){.name = copy, .cols = t->cols, .sum = t->sum};
	}
	return 0;
}

const seq_tally *seq_net_tally(const seq_net *net, size_t i)
{
	if (i >= net->ntallies)
		return NULL;
	size_t at = net->ntallies - 1 - i; /* the list grew at its front */
	net->tally[at].rows = net->counts[at]->rows;
	return &net->tally[at];
}
