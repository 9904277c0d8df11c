/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* A finished system call: its number and arguments, those of 32-bit entries translated to x86-64. */
#ifndef PTB_SYSCALL_H
#define PTB_SYSCALL_H

#include "kernel.h"
#include <asm/unistd_64.h>

#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452 /* since 6.6 */
#endif

/* The calls that the recorder looks at, by x86-64 number; every other one is left at the first glance. */
#define SYSCALLS 512
#define WATCHED_NAME 2    /* it changes a name or what is known of a file by its name */
#define WATCHED_BYTES 3   /* it moves bytes at the descriptor that is its first argument */
#define WATCHED_BYTES_B 4 /* and at its second */
#define WATCHED_BYTES_C 5 /* or third */
const u8 watched[SYSCALLS] = {
	[__NR_read] = WATCHED_BYTES, [__NR_write] = WATCHED_BYTES, [__NR_open] = 1, [__NR_close] = 1, [__NR_mmap] = 1,
	[__NR_pread64] = WATCHED_BYTES, [__NR_pwrite64] = WATCHED_BYTES, [__NR_readv] = WATCHED_BYTES,
	[__NR_writev] = WATCHED_BYTES, [__NR_dup] = 1, [__NR_dup2] = 1, [__NR_sendfile] = WATCHED_BYTES_B,
	[__NR_connect] = 1, [__NR_sendto] = WATCHED_BYTES, [__NR_recvfrom] = WATCHED_BYTES,
	[__NR_sendmsg] = WATCHED_BYTES, [__NR_recvmsg] = WATCHED_BYTES, [__NR_execve] = 1, [__NR_kill] = 1,
	[__NR_fcntl] = 1, [__NR_truncate] = WATCHED_NAME, [__NR_rename] = WATCHED_NAME, [__NR_mkdir] = WATCHED_NAME,
	[__NR_rmdir] = WATCHED_NAME, [__NR_creat] = 1, [__NR_link] = WATCHED_NAME, [__NR_unlink] = WATCHED_NAME,
	[__NR_symlink] = WATCHED_NAME, [__NR_chmod] = WATCHED_NAME, [__NR_chown] = WATCHED_NAME,
	[__NR_lchown] = WATCHED_NAME, [__NR_ptrace] = 1, [__NR_mknod] = WATCHED_NAME, [__NR_chroot] = 1,
	[__NR_mount] = 1, [__NR_umount2] = 1, [__NR_tkill] = 1, [__NR_openat] = 1, [__NR_mkdirat] = WATCHED_NAME,
	[__NR_mknodat] = WATCHED_NAME, [__NR_fchownat] = WATCHED_NAME, [__NR_unlinkat] = WATCHED_NAME,
	[__NR_renameat] = WATCHED_NAME, [__NR_linkat] = WATCHED_NAME, [__NR_symlinkat] = WATCHED_NAME,
	[__NR_fchmodat] = WATCHED_NAME, [__NR_splice] = WATCHED_BYTES_C, [__NR_tee] = WATCHED_BYTES_B,
	[__NR_vmsplice] = WATCHED_BYTES, [__NR_dup3] = 1, [__NR_preadv] = WATCHED_BYTES,
	[__NR_pwritev] = WATCHED_BYTES, [__NR_open_by_handle_at] = 1, [__NR_process_vm_readv] = 1,
	[__NR_process_vm_writev] = 1, [__NR_renameat2] = WATCHED_NAME, [__NR_memfd_create] = 1, [__NR_execveat] = 1,
	[__NR_copy_file_range] = WATCHED_BYTES_C, [__NR_preadv2] = WATCHED_BYTES, [__NR_pwritev2] = WATCHED_BYTES,
	[__NR_close_range] = 1, [__NR_openat2] = 1, [__NR_fchmodat2] = WATCHED_NAME, [__NR_ioctl] = 1,
	[__NR_io_submit] = 1, [__NR_sendmmsg] = WATCHED_BYTES, [__NR_recvmmsg] = WATCHED_BYTES,
};

struct call {
	u64 number;
	u64 a, b, c, d, e;
	u8 compat;
};

#define NOT_DECODED (1ull << 32)  /* may move file contents, but is not understood */
#define X32_BIT 0x40000000u
#define IGNORED (1ull << 33)

/* x86-64 number of an i386 system call with the same arguments (arch/x86/entry/syscalls/syscall_32.tbl). */
static __always_inline u64 native_number(u32 number)
{
	switch (number) {
	case 3: return __NR_read;
	case 4: return __NR_write;
	case 5: return __NR_open;
	case 6: return __NR_close;
	case 8: return __NR_creat;
	case 9: return __NR_link;
	case 10: return __NR_unlink;
	case 11: return __NR_execve;
	case 14: return __NR_mknod;
	case 15: return __NR_chmod;
	case 21: return __NR_mount;
	case 37: return __NR_kill;
	case 38: return __NR_rename;
	case 39: return __NR_mkdir;
	case 40: return __NR_rmdir;
	case 41: return __NR_dup;
	case 54: return __NR_ioctl;
	case 55: case 221: return __NR_fcntl;
	case 61: return __NR_chroot;
	case 63: return __NR_dup2;
	case 83: return __NR_symlink;
	case 92: case 193: return __NR_truncate;
	case 93: case 194: return __NR_ftruncate;
	case 94: return __NR_fchmod;
	case 145: return __NR_readv;
	case 146: return __NR_writev;
	case 180: return __NR_pread64;
	case 181: return __NR_pwrite64;
	case 187: case 239: return __NR_sendfile;
	case 192: return __NR_mmap;
	case 295: return __NR_openat;
	case 296: return __NR_mkdirat;
	case 297: return __NR_mknodat;
	case 301: return __NR_unlinkat;
	case 302: return __NR_renameat;
	case 303: return __NR_linkat;
	case 304: return __NR_symlinkat;
	case 306: return __NR_fchmodat;
	case 313: return __NR_splice;
	case 315: return __NR_tee;
	case 316: return __NR_vmsplice;
	case 330: return __NR_dup3;
	case 333: return __NR_preadv;
	case 334: return __NR_pwritev;
	case 342: return __NR_open_by_handle_at;
	case 353: return __NR_renameat2;
	case 356: return __NR_memfd_create;
	case 358: return __NR_execveat;
	case 362: return __NR_connect;
	case 369: return __NR_sendto;
	case 370: return __NR_sendmsg;
	case 371: return __NR_recvfrom;
	case 372: return __NR_recvmsg;
	case 337: case 417: /* recvmmsg and sendmmsg: the messages have another layout */
	case 345:
		return NOT_DECODED;
	case 377: return __NR_copy_file_range;
	case 378: return __NR_preadv2;
	case 379: return __NR_pwritev2;
	case 90:  /* mmap with its arguments in memory */
	case 102: /* socketcall */
	case 248: /* io_submit */
		return NOT_DECODED;
	default: return number >= 424 ? number : IGNORED; /* from 424 on both tables agree */
	}
}

/* The number alone, for those who leave most calls at the first glance. */
static __always_inline u64 number_of_call(struct pt_regs *regs, u32 status)
{
	/* The kernel looks at 32 bits of it; the others are the caller's to play with. */
	return status & TS_COMPAT ? native_number(regs->orig_ax) : (u32)regs->orig_ax & ~X32_BIT;
}

static __always_inline void decode_call(struct pt_regs *regs, u32 status, struct call *call)
{
	call->compat = status & TS_COMPAT;
	call->number = number_of_call(regs, status);
	if (call->compat) {
		call->a = (u32)regs->bx;
		call->b = (u32)regs->cx;
		call->c = (u32)regs->dx;
		call->d = (u32)regs->si;
		call->e = (u32)regs->di;
		return;
	}
	call->a = regs->di;
	call->b = regs->si;
	call->c = regs->dx;
	call->d = regs->r10;
	call->e = regs->r8;
}

#endif
