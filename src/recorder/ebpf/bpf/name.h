/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Operations on names: the caller's string and the folder it is relative to. */
#ifndef PTB_NAME_H
#define PTB_NAME_H

#include "access.h"
#include "touched.h"

static __always_inline void add_base(u32 part, s32 directory)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (directory == AT_FDCWD) {
		add_path(part, (u64)BPF_CORE_READ(task, fs, pwd.dentry), (u64)BPF_CORE_READ(task, fs, pwd.mnt));
	} else {
		struct file *file = file_at(directory);

		if (file)
			add_path(part, (u64)BPF_CORE_READ(file, f_path.dentry), (u64)BPF_CORE_READ(file, f_path.mnt));
	}
}

/* An absolute name starts at the process's root, which chroot(2) moves. */
static __always_inline void add_root(u32 part)
{
	struct task_struct *task = bpf_get_current_task_btf();

	add_path(part, (u64)BPF_CORE_READ(task, fs, root.dentry), (u64)BPF_CORE_READ(task, fs, root.mnt));
}

/* Appends a name and its base as parts `part` and `part` + 1. */
__noinline int add_name(u32 part, s32 directory, u64 name, u32 kernel)
{
	if (add_string(part, name, kernel))
		add_root(part + 1);
	else
		add_base(part + 1, directory);
	return 0;
}

struct naming {
	u64 process;
	u64 name;
	u64 new_name;  /* 0: an operation on one name */
	u64 request;   /* of io_uring, or 0 */
	s64 result;
	s32 directory;
	s32 new_directory;
	u32 flags;
	u16 type;
	u8 via;
	u8 kernel;     /* the strings are in kernel memory */
	u8 marks;
};

static __noinline int tell_name(struct naming *naming)
{
	struct scratch *scratch = begin_text(naming->process, naming->type);

	if (!scratch)
		return 0;
	scratch->head.result = naming->result;
	scratch->head.flags = naming->flags;
	scratch->head.via = naming->via;
	scratch->head.access = naming->request;
	scratch->head.marks = naming->marks;
	if (naming->type >= RECORD_UNLINK && !naming->kernel) {
		struct identity subject = {};

		take_subject(naming->type, &subject);
		if (naming->result == 0)
			set_identity(&scratch->head, &subject);
	}
	if (naming->type == RECORD_SYMLINK)
		add_string(0, naming->name, naming->kernel); /* the target is kept as it was given */
	else
		add_name(0, naming->directory, naming->name, naming->kernel);
	if (naming->new_name)
		add_name(2, naming->new_directory, naming->new_name, naming->kernel);
	send_text(scratch);
	return 0;
}

#endif
