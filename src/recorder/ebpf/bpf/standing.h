/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What stands when a recording begins: processes that run already and the files they have open. */
#ifndef PTB_STANDING_H
#define PTB_STANDING_H

#include "access.h"

/*
 * Run once by ptb over every descriptor of every process, before the other programs are attached: it shares their
 * scratch area, and nothing keeps it from being preempted.
 */
SEC("iter/task_file")
int standing(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct opening opening = {.fd = context->fd, .type = RECORD_SEEN, .via = VIA_INHERITED};
	struct identity identity;
	struct process *process;
	struct file *file;

	if (!task || !context->file)
		return 0;
	opening.pid = task->tgid;
	process = bpf_map_lookup_elem(&processes, &opening.pid);
	file = file_of(task, opening.fd);
	if (!process || !file)
		return 0;
	if (!process->number) {
		process->number = __sync_fetch_and_add(&last_process, 1) + 1;
		announce(task, process->number, parent_number(task), 1);
	}
	identify(file, &identity);
	opening.process = process->number;
	opening.flags = BPF_CORE_READ(file, f_flags);
	opening.access = begin_access(opening.pid, opening.fd, (u64)file, &identity, 0);
	tell_file((u64)file, &opening, &identity);
	return 0;
}

#endif
