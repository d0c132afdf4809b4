#!/bin/sh
# SPDX-License-Identifier: MIT
# The floors of the house: a room includes lower floors only, and not its neighbours on the same floor.
# layer, op, policy and mixer see neither frame nor model; tools see <seq/...> and their own porch only.
cd "${SEQ_SRC:?}" || exit 99

find lib tools -name '*.[ch]' | sort | xargs grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' | awk '
BEGIN {
	split("base|tensor|kernel frame token|state model|layer op policy export|mixer|net|gen|tools", f, "|")
	for (i in f) { n = split(f[i], r, " "); for (j = 1; j <= n; j++) floor[r[j]] = i }
	# A public header stands on the floor of the room that serves it.
	n = split("error base version base tensor tensor cpu kernel frame frame token token model model file model state state net net gen gen op op quantize export", p, " ")
	for (i = 1; i < n; i += 2) serves[p[i]] = p[i + 1]
	split("layer op policy mixer", b, " "); for (i in b) blind[b[i]] = 1
}
function bad(why) { print where ": \"" inc "\": " why; status = 1 }
{
	split($0, part, ":"); file = part[1]; where = file ":" part[2]
	line = $0; angle = line ~ /include[[:space:]]*</
	sub(/.*include[[:space:]]*["<]/, "", line); sub(/[">].*/, "", line); inc = line
	split(file, path, "/"); room = (path[1] == "tools") ? "tools" : path[2]
	if (angle && inc !~ /^seq\//) next          # the system and the libraries
	if (inc == "config.h") next
	if (room == "tools") {
		if (inc ~ /^seq\//) next
		if (inc ~ /\// || !inside("tools/" inc)) bad("tools include <seq/...> and their own headers only")
		next
	}
	if (room == "seq") {
		if (inc ~ /^seq\//) next
		name = path[3]; split(inc, to, "/")
		if (name ~ /\.h$/) bad("a public header includes public headers only")
		else { sub(/\.c$/, "", name); if (to[1] != serves[name]) bad("seq/" name ".c includes the room that serves it only") }
		next
	}
	if (!(room in floor)) { bad("room " room " stands on no floor; add it to tests/hygiene/layers.sh"); next }
	if (split(inc, to, "/") < 2) { bad("an include names its room"); next }
	target = to[1]
	if (target == "seq") {
		name = to[2]; sub(/\.h$/, "", name)
		if (!(name in serves)) { bad("seq/" name ".h is not in the list of tests/hygiene/layers.sh"); next }
		target = serves[name]
	}
	if (!(target in floor)) { bad("no such room"); next }
	if ((room in blind) && (target == "frame" || target == "model" || target == "token")) bad(room " does not see " target)
	if (target == room) next
	if (floor[target] > floor[room]) bad(room " reaches up to " target)
	else if (floor[target] == floor[room]) bad(room " and " target " are neighbours")
}
function inside(p,   l, ok) { ok = (getline l < p) >= 0; close(p); return ok }
END { exit status }
' && exit 0
exit 1
