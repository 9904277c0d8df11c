/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What crosses from the kernel to ptb: the one description of the records.
 *
 * recorder/ebpf/layout.py mirrors these structs as numpy types and a test compares the two. Little endian,
 * no implicit padding. Times are CLOCK_BOOTTIME in nanoseconds; pids are those of the host.
 */
#ifndef PTB_RECORD_H
#define PTB_RECORD_H

#include <linux/types.h>

enum record_type {
	RECORD_START = 1,    /* text: [cwd]; a process came into being or was first seen */
	RECORD_EXIT,         /* event; result: wait(2) status */
	RECORD_EXEC,         /* text: [exe, cwd, argv, environment] */
	RECORD_EXEC_FAILED,  /* text: [name, base, argv]; result: -errno */
	RECORD_OPEN,         /* text: [path]; result: fd */
	RECORD_SEEN,         /* text: [path]; a descriptor that was not opened under our eyes */
	RECORD_OPEN_FAILED,  /* text: [name, base]; result: -errno */
	RECORD_IO,           /* event; what went through one access since its last record */
	RECORD_CONNECT,      /* text: [sockaddr]; result: 0 or -errno */
	RECORD_UNLINK,       /* text: [name, base], and so are the others of one name; inode 0: not known */
	RECORD_RMDIR,
	RECORD_MKDIR,
	RECORD_MKNOD,
	RECORD_TRUNCATE,
	RECORD_CHMOD,
	RECORD_CHOWN,
	RECORD_CHROOT,
	RECORD_UNMOUNT,
	RECORD_RENAME,       /* text: [name, base, new name, new base], and so are the others of two names */
	RECORD_LINK,
	RECORD_SYMLINK,      /* text: [target, -, name, base] */
	RECORD_MOUNT,        /* text: [source, base, target, base] */
	RECORD_PTRACE,       /* event; inode: the pid aimed at, as its caller names it; flags: the syscall */
	RECORD_KILL,         /* event; likewise; a signal to a process that is not recorded */
	RECORD_FOREIGN,      /* event; flags: number of a 32-bit syscall that is not decoded */
	RECORD_COMPLETED,    /* event; access: address of an io_uring request; inode: 1 where its open has a record */
	RECORD_SILENT,       /* event; flags: opcode of a request whose bytes cannot be known; result: 0 io_uring, 1 AIO */
	RECORD_ANSWER,       /* text: [datagram]; from port 53: what a name server said */
};

enum via {
	VIA_SYSCALL = 0,
	VIA_IO_URING,
	VIA_INHERITED,
	VIA_COMPAT,          /* 32-bit entry: int 0x80, sysenter */
	VIA_HANDLE,          /* open_by_handle_at */
	VIA_AIO,
};

/* head.marks */
#define MARK_FINAL     1  /* the last record of its access */
#define MARK_CREATED   2  /* the open made the file */
#define MARK_TRUNCATED 4  /* a text was longer than what is kept */
#define MARK_UNREAD    8  /* a text in user memory could not be read */
#define MARK_ADOPTED  16  /* the process existed before it was recorded */
#define MARK_CUT_ENV  32  /* the environment was longer than what is kept */
#define MARK_SHARED   64  /* the descriptor ended, but the process had a duplicate of it */
#define MARK_SILENT  128  /* an io_uring request that asked for no completion: taken as done */

struct head {
	__u64 ts;
	__u64 process;  /* number of the process, from 1, never reused */
	__u64 access;   /* number of the access; of names, via io_uring: address of the request; START: number of the parent, 0 if not recorded;
			 * EXEC: bytes of argv that were not kept */
	__u64 inode;    /* START: start time of the process */
	__u32 dev;      /* kernel encoding: 12 bits major, 20 bits minor */
	__u32 mode;     /* i_mode; START: pid in the innermost namespace */
	__u32 pid;
	__s32 result;   /* START: pid of the parent */
	__u32 flags;    /* open(2) flags, mode, signal; START: uid */
	__u16 type;
	__u8 via;
	__u8 marks;
};

/* Fixed-size facts, ring "events". */
struct event {
	struct head head;
	__u64 first_read;
	__u64 last_read;
	__u64 first_write;
	__u64 last_write;
	__u64 bytes_read;
	__u64 bytes_written;
	__u64 bytes_mapped;
	__u32 prot;     /* PROT_* of mappings made */
	__u32 unused;
};

/*
 * Facts with text. Up to TEXT_BYTES of it: ring "texts", fixed size, zero padded. Longer: ring "long_texts",
 * where `bytes` is as long as the sum of `length`.
 *
 * A path resolved by the kernel is its components from the last to the first, each ended by NUL. A name is
 * the caller's string with its NUL; its base, the folder it is relative to, is such a path and empty for an
 * absolute name.
 */
#define TEXT_BYTES 432
#define TEXT_PARTS 4

struct text {
	struct head head;
	__u32 length[TEXT_PARTS];
	__u8 bytes[TEXT_BYTES];
};

/* Index into the map "losses". */
enum loss {
	LOSS_EVENTS,      /* ring "events" was full */
	LOSS_TEXTS,       /* ring "texts" was full */
	LOSS_LONG_TEXTS,  /* ring "long_texts" was full */
	LOSS_PROCESSES,   /* the process table was full: a process went unrecorded */
	LOSS_ACCESSES,    /* the access table was full: bytes were recorded call by call instead */
	LOSSES,
};

#endif
