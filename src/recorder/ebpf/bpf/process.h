/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Which processes are recorded: those enrolled, those inside the cgroup, and all their descendants. */
#ifndef PTB_PROCESS_H
#define PTB_PROCESS_H

#include "text.h"
#include <bpf/bpf_tracing.h>

static __always_inline u32 namespace_pid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);
	u64 numbers = (u64)pid + bpf_core_field_offset(struct pid, numbers);
	struct upid *innermost = (struct upid *)(numbers + level * bpf_core_type_size(struct upid));

	return BPF_CORE_READ(innermost, nr);
}

/* Says that `task` is recorded from now on under `number`. */
static __noinline int announce(struct task_struct *task, u64 number, u64 parent, u32 adopted)
{
	struct scratch *scratch = begin_text(number, RECORD_START);

	if (!scratch)
		return 0;
	scratch->head.pid = BPF_CORE_READ(task, tgid);
	scratch->head.access = parent;
	scratch->head.inode = BPF_CORE_READ(task, group_leader, start_boottime);
	scratch->head.result = BPF_CORE_READ(task, group_leader, real_parent, tgid);
	scratch->head.mode = namespace_pid(task);
	scratch->head.flags = BPF_CORE_READ(task, cred, uid.val);
	scratch->head.marks = adopted ? MARK_ADOPTED : 0;
	add_path(0, (u64)BPF_CORE_READ(task, fs, pwd.dentry), (u64)BPF_CORE_READ(task, fs, pwd.mnt));
	send_text(scratch);
	return 0;
}

/* Number of the recorded parent of `task`, or 0. */
static __always_inline u64 parent_number(struct task_struct *task)
{
	u32 pid = BPF_CORE_READ(task, group_leader, real_parent, tgid);
	struct process *parent = bpf_map_lookup_elem(&processes, &pid);

	return parent ? parent->number : 0;
}

__noinline int adopt(u32 pid)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct process *process = bpf_map_lookup_elem(&processes, &pid);
	u64 number = __sync_fetch_and_add(&last_process, 1) + 1;
	u64 parent = parent_number(task);

	if (process) {
		/* Two threads may meet here; the number is given once. */
		if (__sync_val_compare_and_swap(&process->number, 0, number) != 0)
			return 0;
	} else {
		struct process fresh = {.number = number};

		if (bpf_map_update_elem(&processes, &pid, &fresh, BPF_NOEXIST)) {
			count_loss(LOSS_PROCESSES);
			return 0;
		}
	}
	announce(task, number, parent, 1);
	return 0;
}

/* The recorded process that runs now, or NULL. */
static __always_inline struct process *current_process(void)
{
	u32 pid = bpf_get_current_task_btf()->tgid;
	struct process *process = bpf_map_lookup_elem(&processes, &pid);

	if (process && process->number)
		return process;
	if (!process && (!cgroup || bpf_get_current_ancestor_cgroup_id(cgroup_level) != cgroup))
		return NULL;
	adopt(pid);
	process = bpf_map_lookup_elem(&processes, &pid);
	return process && process->number ? process : NULL;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct process *process = current_process();
	u32 pid = child->tgid;
	struct process fresh = {};

	if (!process || child->pid != child->tgid)
		return 0;
	fresh.number = __sync_fetch_and_add(&last_process, 1) + 1;
	if (bpf_map_update_elem(&processes, &pid, &fresh, BPF_ANY)) {
		count_loss(LOSS_PROCESSES);
		return 0;
	}
	announce(child, fresh.number, process->number, 0);
	return 0;
}

#endif
