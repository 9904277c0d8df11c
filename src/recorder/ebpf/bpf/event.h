/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Records of fixed size. */
#ifndef PTB_EVENT_H
#define PTB_EVENT_H

#include "maps.h"

static __always_inline void fill_head(struct head *head, u64 process, u16 type)
{
	head->ts = bpf_ktime_get_boot_ns();
	head->process = process;
	head->access = 0;
	head->inode = 0;
	head->dev = 0;
	head->mode = 0;
	head->pid = bpf_get_current_pid_tgid() >> 32;
	head->result = 0;
	head->flags = 0;
	head->type = type;
	head->via = VIA_SYSCALL;
	head->marks = 0;
}

/* A bare fact about a process; its numbers mean what record.h says of the type. */
static __always_inline void send_event(u64 process, u16 type, u64 access, u64 inode, u32 flags, s32 result)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		count_loss(LOSS_EVENTS);
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	fill_head(&event->head, process, type);
	event->head.access = access;
	event->head.inode = inode;
	event->head.flags = flags;
	event->head.result = result;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

#endif
