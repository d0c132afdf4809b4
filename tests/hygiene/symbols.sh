#!/bin/sh
# SPDX-License-Identifier: MIT
# libseq.so shows seq_ only; objects of lib/ define seq_, seqp_ and seqk_ only; they call nothing that prints,
# exits or aborts; kernels call no transcendental of libm.
cd "${SEQ_BUILD:?}" || exit 99
[ "${SEQ_SANITIZE:-no}" = no ] || { echo "sanitizers bring symbols of their own"; exit 77; }
status=0
nm=$(${SEQ_CC:-cc} -print-prog-name=nm)
objects=$(find lib -name '*.o' | sort)
[ -n "$objects" ] || { echo "no objects under $SEQ_BUILD/lib"; exit 99; }

if [ -f .libs/libseq.so ]; then
	"$nm" -D --defined-only .libs/libseq.so | awk '$3 !~ /^seq_/ { print "libseq.so exports " $3; bad = 1 } END { exit bad }' || status=1
	[ "$("$nm" -D --defined-only .libs/libseq.so | wc -l)" -gt 0 ] || { echo "libseq.so exports nothing"; status=1; }
fi

# nm -A: "lib/room/file.o:value type name"; undefined ones have no value.
"$nm" -A -g $objects | sed 's/\.o:/.o /' | awk '
function bad(why) { print $1 ": " why; status = 1 }
{ name = $NF; sub(/@.*/, "", name); type = $(NF - 1) }
type != "U" && type != "w" && type != "v" {
	if (name !~ /^(seq_|seqp_|seqk_)/) bad("defines " name)
	next
}
# fprintf and its kin may build text in memory; whoever prints with them needs stdout or stderr.
name ~ /^(__)?v?d?printf(_chk)?$/ || name ~ /^(puts|putchar|perror|psignal|stdout|stderr|err|errx|warn|warnx)$/ { bad("prints: " name) }
name ~ /^(exit|_exit|_Exit|quick_exit|abort|__assert_fail|raise|kill)$/ { bad("ends the process: " name) }
name ~ /^(gets|strcpy|strcat|sprintf|vsprintf|__sprintf_chk|strtok|rand|srand|random|setlocale|system|popen)$/ { bad("unsafe or global: " name) }
$1 ~ /^lib\/kernel\// && name ~ /^(exp|exp2|expm1|log|log2|log10|log1p|pow|sin|cos|sincos|tan|tanh|sinh|cosh|erf|erfc|atan|atan2)f?$/ { bad("libm in a kernel: " name) }
END { exit status }' || status=1
exit $status
