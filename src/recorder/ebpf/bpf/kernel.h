/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The parts of kernel types that the recorder reads. libbpf relocates every access against the running
 * kernel's BTF (CO-RE), so only names and types matter here, not order or omissions; no vmlinux.h is needed.
 */
#ifndef PTB_KERNEL_H
#define PTB_KERNEL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
	unsigned long bp, r10, r9, r8, bx, ax, cx, dx, si, di, orig_ax;
};

struct super_block {
	u32 s_dev;
	unsigned long s_magic;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct inode {
	unsigned short i_mode;
	unsigned int i_nlink;
	struct hlist_head i_dentry;
	struct super_block *i_sb;
	unsigned long i_ino;
	long long i_size;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	union {
		struct hlist_node d_alias;
	} d_u;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct sock_common {
	unsigned short skc_family;
	u16 skc_dport; /* network byte order; 0: not connected */
};

struct sock {
	struct sock_common __sk_common;
};

struct socket {
	short type;
	struct sock *sk;
};

struct file {
	unsigned int f_mode;
	unsigned int f_flags;
	void *private_data;
	struct inode *f_inode;
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

typedef struct {
	int counter;
} atomic_t;

struct files_struct {
	atomic_t count;
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct upid {
	int nr;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

typedef struct {
	u32 val;
} kuid_t;

struct cred {
	kuid_t uid;
};

struct signal_struct {
	atomic_t live;
	int group_exit_code;
};

struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
};

struct thread_info {
	u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
	int exit_code;
	u64 start_boottime;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	const struct cred *cred;
	struct fs_struct *fs;
	struct files_struct *files;
	struct signal_struct *signal;
	struct mm_struct *mm;
};

struct bpf_iter__task_file {
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

struct linux_binprm {
	struct file *file;
};

struct filename {
	const char *name;
};

struct io_ring_ctx;

struct io_cqe {
	int fd;
};

struct io_kiocb {
	struct file *file;
	u8 opcode;
	u32 flags;
	struct io_cqe cqe;
};

struct io_rw {
	u32 len;
};

struct io_splice {
	int splice_fd_in;
	unsigned int flags;
};

struct io_uring_cqe {
	s32 res;
};

struct open_how {
	u64 flags;
};

struct io_open {
	int dfd;
	u32 file_slot;
	struct filename *filename;
	struct open_how how;
};

struct io_close {
	int fd;
};

struct io_unlink {
	int dfd;
	int flags;
	struct filename *filename;
};

struct io_rename {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
};

struct io_link {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
};

struct io_mkdir {
	int dfd;
	struct filename *filename;
};

struct io_connect {
	void *addr;
	int addr_len;
};

#pragma clang attribute pop

/* Kernel constants that BTF does not carry. */
#define FMODE_CREATED (1u << 20)  /* include/linux/fs.h, since 4.19 */
#define TS_COMPAT 2               /* arch/x86/include/asm/thread_info.h: a 32-bit syscall is in progress */
#define AT_FDCWD (-100)
#define AT_REMOVEDIR 0x200
#define O_CREAT_WRONLY_TRUNC 0x241  /* what creat(2) stands for */
#define MAP_SHARED 0x01
#define MAP_TYPE 0x0f
#define MAP_ANONYMOUS 0x20
#define PROT_WRITE 2
#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define PROT_READ_OR_EXEC 5
#define S_IFMT 0170000
#define S_IFDIR 0040000
#define S_IFIFO 0010000
#define S_IFSOCK 0140000
#define AF_INET 2
#define AF_INET6 10
#define SOCK_DGRAM 2
#define F_DUPFD 0
#define F_DUPFD_CLOEXEC 1030

#endif
