/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Program images and ends of processes. */
#ifndef PTB_PROGRAM_H
#define PTB_PROGRAM_H

#include "access.h"

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *binprm)
{
	struct process *process = current_process();
	struct scratch *scratch;
	struct file *file = binprm->file;
	struct mm_struct *memory = task->mm;
	struct identity identity;
	u64 start, size;

	if (!process)
		return 0;
	settle(0, ~0u, 1);
	scratch = begin_text(process->number, RECORD_EXEC);
	if (!scratch || !memory)
		return 0;
	identify(file, &identity);
	set_identity(&scratch->head, &identity);
	scratch->head.flags = task->cred->uid.val;
	add_path(0, (u64)BPF_CORE_READ(file, f_path.dentry), (u64)BPF_CORE_READ(file, f_path.mnt));
	add_path(1, (u64)BPF_CORE_READ(task, fs, pwd.dentry), (u64)BPF_CORE_READ(task, fs, pwd.mnt));
	start = memory->arg_start;
	size = memory->arg_end - start;
	scratch->head.access = add_block(2, start, size, ARGV_MAX);
	if (scratch->head.access)
		scratch->head.marks |= MARK_TRUNCATED;
	start = memory->env_start;
	size = memory->env_end - start;
	if (add_block(3, start, size, ENV_MAX))
		scratch->head.marks |= MARK_CUT_ENV;
	send_text(scratch);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct process *process;
	struct event *event;
	u32 pid = task->tgid;

	if (task->signal->live.counter != 0) /* other threads go on */
		return 0;
	process = current_process();
	if (!process)
		return 0;
	if (process->accesses)
		settle(0, ~0u, 0);
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (event) {
		__builtin_memset(event, 0, sizeof(*event));
		fill_head(&event->head, process->number, RECORD_EXIT);
		event->head.result = task->signal->group_exit_code ?: task->exit_code;
		bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	} else {
		count_loss(LOSS_EVENTS);
	}
	bpf_map_delete_elem(&processes, &pid);
	return 0;
}

#endif
