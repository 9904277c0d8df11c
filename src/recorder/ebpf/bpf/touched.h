/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which file a name stood for. When a call on a name returns, the name may be gone; but in doing it the kernel set the
 * change time of the file and of its folders, which passes these tracepoints (since 6.13) in the caller's context.
 */
#ifndef PTB_TOUCHED_H
#define PTB_TOUCHED_H

#include "process.h"
#include "syscall.h"

#define TOUCHED_MAX 8 /* a rename: two folders, the file, the file it replaces; on overlayfs twice */

struct touched {
	u64 count;
	u64 overlay; /* device of the overlayfs among them, 0 if none: the inodes of the layer below are touched as well */
	u64 inodes[TOUCHED_MAX]; /* addresses of struct inode */
	struct identity identities[TOUCHED_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct touched);
} touches SEC(".maps");

static __always_inline void note_touch(struct inode *inode, u64 address)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	u64 at, number = number_of_call(regs, task->thread_info.status);
	struct touched *touched;

	if (number >= SYSCALLS || watched[number] != WATCHED_NAME || !current_process())
		return;
	touched = bpf_task_storage_get(&touches, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!touched)
		return;
	at = touched->count;
	for (int i = 0; i < TOUCHED_MAX; i++)
		if (i < at && touched->inodes[i] == address)
			return;
	if (at >= TOUCHED_MAX)
		return;
	touched->inodes[at] = address;
	touched->identities[at].inode = inode->i_ino;
	touched->identities[at].dev = inode->i_sb->s_dev;
	touched->identities[at].mode = inode->i_mode;
	if (inode->i_sb->s_magic == OVERLAYFS_SUPER_MAGIC)
		touched->overlay = inode->i_sb->s_dev;
	touched->count = at + 1;
}

SEC("tp_btf/ctime_ns_xchg")
int BPF_PROG(on_ctime_change, struct inode *inode)
{
	note_touch(inode, ctx[0]);
	return 0;
}

SEC("tp_btf/ctime_xchg_skip")
int BPF_PROG(on_ctime_same, struct inode *inode)
{
	note_touch(inode, ctx[0]);
	return 0;
}

SEC("tp_btf/inode_set_ctime_to_ts")
int BPF_PROG(on_ctime_set, struct inode *inode)
{
	note_touch(inode, ctx[0]);
	return 0;
}

static __always_inline struct touched *my_touched(void)
{
	return bpf_task_storage_get(&touches, bpf_get_current_task_btf(), NULL, 0);
}

/* Address of the inode of the folder that a folder is in; a folder has one dentry at most. */
static __always_inline u64 folder_of(u64 address)
{
	struct inode *inode = (struct inode *)address;
	u64 alias = (u64)BPF_CORE_READ(inode, i_dentry.first);
	struct dentry *dentry = (struct dentry *)(alias - bpf_core_field_offset(struct dentry, d_u.d_alias));

	return alias ? (u64)BPF_CORE_READ(dentry, d_parent, d_inode) : 0;
}

static __always_inline u32 links_of(u64 address)
{
	struct inode *inode = (struct inode *)address;

	return BPF_CORE_READ(inode, i_nlink);
}

/* Whether a touched folder is in another one, and none of them in it: it is what was made or moved. Verified once. */
__noinline int is_innermost(u32 at)
{
	struct touched *touched = my_touched();
	int inside = 0;
	u64 folder;

	if (!touched || at >= TOUCHED_MAX)
		return 0;
	folder = folder_of(touched->inodes[at]);
	for (u32 i = 0; i < TOUCHED_MAX; i++) {
		if (i >= touched->count)
			break;
		if (i != at && folder_of(touched->inodes[i]) == touched->inodes[at])
			return 0;
		if (i != at && touched->inodes[i] == folder)
			inside = 1;
	}
	return inside;
}

struct choice {
	u32 type;
	u32 files;        /* no folders */
	u32 linked;       /* of these, with a name left */
	u32 folders;      /* made, moved or removed */
	u32 file;         /* the last of each */
	u32 linked_file;
	u32 folder;
};

static long consider(u32 at, struct choice *choice)
{
	struct touched *touched = my_touched();
	struct identity *identity;

	if (!touched || at >= TOUCHED_MAX || at >= touched->count)
		return 1;
	identity = &touched->identities[at];
	if (touched->overlay && touched->overlay != identity->dev)
		return 0;
	if ((identity->mode & S_IFMT) != S_IFDIR) {
		choice->files++;
		choice->file = at;
		if (links_of(touched->inodes[at])) {
			choice->linked++;
			choice->linked_file = at;
		}
	} else if (touched->count == 1 ||
		   (choice->type == RECORD_RMDIR ? !links_of(touched->inodes[at]) : is_innermost(at))) {
		choice->folders++;
		choice->folder = at;
	}
	return 0;
}

/*
 * Place of the touched file that a call was about, or TOUCHED_MAX where that is not beyond doubt: the one file that
 * is no folder; of two, the one that still has a name, the other was replaced; else the one folder made, moved or
 * removed.
 */
static __noinline u32 subject_of(u32 type)
{
	struct choice choice = {.type = type};

	bpf_loop(TOUCHED_MAX, consider, &choice, 0);
	if (choice.files == 1)
		return choice.file;
	if (choice.files == 2 && choice.linked == 1)
		return choice.linked_file;
	return choice.files == 0 && choice.folders == 1 ? choice.folder : TOUCHED_MAX;
}

/* Leaves `subject` alone where it is not known. Forgets what was touched, for the next call. */
static __always_inline void take_subject(u32 type, struct identity *subject)
{
	struct touched *touched = my_touched();
	u32 at;

	if (!touched || !touched->count)
		return;
	at = subject_of(type);
	if (at < TOUCHED_MAX)
		*subject = touched->identities[at];
	touched->count = 0;
	touched->overlay = 0;
}

#endif
