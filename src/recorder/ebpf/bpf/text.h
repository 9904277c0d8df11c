/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Records with text are put together in a per-CPU scratch area, then sent. Preemption is off while a
 * tracepoint runs and the programs do not nest, so the area has one user at a time.
 */
#ifndef PTB_TEXT_H
#define PTB_TEXT_H

#include "event.h"
#include <bpf/bpf_core_read.h>

#define PATH_MAX 4096
#define ARGV_MAX (160 << 10)  /* one argument can have 128 KiB: a shell script given with -c */
#define ENV_MAX (16 << 10)
#define NAME_MAX 256          /* with its NUL */
#define SOCKADDR_MAX 128
#define SCRATCH_BYTES (256 << 10)
#define WALK_STEPS 1024

struct scratch {
	u64 used;
	struct head head;
	u32 length[TEXT_PARTS];
	u8 bytes[SCRATCH_BYTES];
};

/* One entry per CPU; ptb sets max_entries. A per-CPU map would limit the value to 32 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct scratch *my_scratch(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&scratches, &cpu);
}

/* Closes part `part`, which takes the text from scratch->used to `end`. */
static __always_inline void end_part(struct scratch *scratch, u32 part, u64 end)
{
	/* The verifier loses the bound of a spilled index: show it here, where clang cannot optimise it away. */
	asm volatile("%0 &= 3" : "+r"(part));
	scratch->length[part] = end - scratch->used;
	scratch->used = end;
}

static __always_inline struct scratch *begin_text(u64 process, u16 type)
{
	struct scratch *scratch = my_scratch();

	if (!scratch)
		return NULL;
	scratch->used = 0;
	fill_head(&scratch->head, process, type);
	__builtin_memset(scratch->length, 0, sizeof(scratch->length));
	__builtin_memset(scratch->bytes, 0, TEXT_BYTES);
	return scratch;
}

static __always_inline void send_text(struct scratch *scratch)
{
	u64 used = scratch->used;

	if (used <= TEXT_BYTES) {
		struct text *text = bpf_ringbuf_reserve(&texts, sizeof(*text), 0);

		if (!text) {
			count_loss(LOSS_TEXTS);
			return;
		}
		__builtin_memcpy(text, &scratch->head, sizeof(*text));
		bpf_ringbuf_submit(text, BPF_RB_NO_WAKEUP);
		return;
	}
	if (used > SCRATCH_BYTES)
		return;
	if (bpf_ringbuf_output(&long_texts, &scratch->head, offsetof(struct text, bytes) + used, BPF_RB_NO_WAKEUP))
		count_loss(LOSS_LONG_TEXTS);
}

struct walk {
	struct scratch *scratch;
	struct dentry *dentry;
	struct mount *mount;
	struct dentry *top; /* of the mount */
	u64 used;
	u64 done;
};

/* As the neighbours lie in every kernel so far; where they do not, they are read one by one. */
struct dentry_names {
	struct dentry *parent;
	u64 hash_and_length;
	const unsigned char *name;
};

static __always_inline void read_names(struct dentry *dentry, struct dentry_names *names)
{
	if (bpf_core_field_offset(struct dentry, d_name.name) - bpf_core_field_offset(struct dentry, d_parent) ==
	    offsetof(struct dentry_names, name)) {
		bpf_probe_read_kernel(names, sizeof(*names),
				      (void *)dentry + bpf_core_field_offset(struct dentry, d_parent));
	} else {
		names->parent = BPF_CORE_READ(dentry, d_parent);
		names->name = BPF_CORE_READ(dentry, d_name.name);
	}
}

static long walk_step(u32 index, struct walk *walk)
{
	struct scratch *scratch = walk->scratch;
	struct dentry *dentry = walk->dentry;
	struct mount *mount = walk->mount;
	struct dentry_names names = {};
	u64 used = walk->used;
	long length;

	if (dentry == walk->top) {
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		if (above == mount) {
			walk->done = 1;
			return 1;
		}
		walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		walk->mount = above;
		walk->top = BPF_CORE_READ(above, mnt.mnt_root);
		return 0;
	}
	if (used > SCRATCH_BYTES - NAME_MAX)
		return 1;
	read_names(dentry, &names);
	length = bpf_probe_read_kernel_str(&scratch->bytes[used], NAME_MAX, names.name);
	if (length <= 0)
		return 1;
	if (dentry == names.parent) { /* in no folder: a memfd, an anonymous inode; "/": a file found by handle */
		walk->done = 1;
		if (scratch->bytes[used] != '/')
			walk->used = used + length;
		return 1;
	}
	walk->used = used + length;
	walk->dentry = names.parent;
	return 0;
}

/*
 * Appends the components of a path as part `part`, from the last name to the root of the mount namespace.
 * A global function, so that the verifier looks at it once: inlined, the walk exceeds its limit.
 */
__noinline int add_path(u32 part, u64 dentry, u64 vfsmount)
{
	struct scratch *scratch = my_scratch();
	struct mount *mount = (struct mount *)(vfsmount - bpf_core_field_offset(struct mount, mnt));
	struct walk walk;

	if (!scratch || !dentry || !vfsmount)
		return 0;
	walk.scratch = scratch;
	walk.dentry = (struct dentry *)dentry;
	walk.mount = mount;
	walk.top = BPF_CORE_READ(mount, mnt.mnt_root);
	walk.used = scratch->used;
	walk.done = 0;
	bpf_loop(WALK_STEPS, walk_step, &walk, 0);
	if (!walk.done)
		scratch->head.marks |= MARK_TRUNCATED;
	end_part(scratch, part, walk.used);
	return 0;
}

static __always_inline void add_path_of(u32 part, struct path *path)
{
	add_path(part, (u64)BPF_CORE_READ(path, dentry), (u64)BPF_CORE_READ(path, mnt));
}

/* Appends a NUL-terminated string; `kernel`: from kernel memory (io_uring copied it), else the caller's. */
__noinline int add_string(u32 part, u64 address, u32 kernel)
{
	struct scratch *scratch = my_scratch();
	u64 used;
	long length;

	if (!scratch)
		return 0;
	used = scratch->used;
	if (used > SCRATCH_BYTES - PATH_MAX) {
		scratch->head.marks |= MARK_TRUNCATED;
		return 0;
	}
	length = kernel ? bpf_probe_read_kernel_str(&scratch->bytes[used], PATH_MAX, (void *)address)
			: bpf_probe_read_user_str(&scratch->bytes[used], PATH_MAX, (void *)address);
	if (length <= 0) {
		scratch->head.marks |= MARK_UNREAD;
		return 0;
	}
	end_part(scratch, part, used + length);
	return scratch->bytes[used] == '/';
}

/* Appends a block of user memory of at most `limit` bytes; returns what did not fit or could not be read. */
__noinline u64 add_block(u32 part, u64 address, u64 size, u64 limit)
{
	struct scratch *scratch = my_scratch();
	u64 used, left = 0;

	if (!scratch || limit > ARGV_MAX)
		return size;
	used = scratch->used;
	if (used > SCRATCH_BYTES - ARGV_MAX)
		return size;
	if (size > limit) {
		left = size - limit;
		size = limit;
	}
	if (bpf_probe_read_user(&scratch->bytes[used], size, (void *)address))
		return size + left;
	end_part(scratch, part, used + size);
	return left;
}

#endif
