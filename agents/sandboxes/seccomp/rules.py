"""The rules of the filter, each with its reason. What is neither allowed nor refused here does not exist in a sandbox.

Written for what generated applications are: Python, Node and Go programs, their package tools, compilers and test
runners, and a browser that looks at their pages. A namespace keeps a program from a thing of the machine; a filter
keeps it from the kernel's code for that thing, which is where the holes are.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """Some system calls by name, and why they are allowed or refused."""

    why: str
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Argument:
    """A call that is allowed where ``argument & mask`` is one of ``values``, and refused with ``error`` otherwise."""

    why: str
    calls: tuple[str, ...]
    argument: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF
    error: int = errno.EPERM


def _rule(why: str, calls: str) -> Rule:
    return Rule(why, tuple(calls.split()))


# Flags of clone and unshare that make namespaces: mount, control group, host name, IPC, user, process, network.
NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
NEW_USER = 0x10000000
UNIX, INET, INET6, NETLINK = 1, 2, 10, 16

ALLOWED = (
    _rule(
        "Read, write and keep what is open.",
        "read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek sendfile splice copy_file_range"
        " readahead fadvise64 fsync fdatasync sync sync_file_range syncfs fallocate ftruncate truncate flock fcntl"
        " ioctl dup dup2 dup3 close close_range",
    ),
    _rule(
        "Open and look at files and folders.",
        "open openat openat2 creat access faccessat faccessat2 stat fstat lstat newfstatat statx statfs fstatfs"
        " readlink readlinkat getdents getdents64 getcwd chdir fchdir umask",
    ),
    _rule(
        "Make, rename and remove files in the writable folders; a device node would need a capability.",
        "mkdir mkdirat mknod mknodat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat",
    ),
    _rule(
        "Modes, owners, times and attributes of own files, as package tools set them.",
        "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat getxattr"
        " lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr lsetxattr fsetxattr removexattr lremovexattr"
        " fremovexattr",
    ),
    _rule(
        "Memory. V8 takes protection keys, the browser files without a name.",
        "brk mmap mprotect munmap mremap msync mincore madvise mlock mlock2 munlock mlockall munlockall memfd_create"
        " membarrier pkey_alloc pkey_mprotect pkey_free",
    ),
    _rule(
        "Processes: start, wait for, signal and group them.",
        "fork vfork execve execveat exit exit_group wait4 waitid kill tkill tgkill pidfd_open pidfd_send_signal getpid"
        " getppid gettid getpgid getpgrp setpgid getsid setsid",
    ),
    _rule(
        "Threads and what they lock with.",
        "set_tid_address futex futex_waitv set_robust_list get_robust_list rseq arch_prctl prctl getcpu",
    ),
    _rule(
        "Scheduling within the limits of the container.",
        "sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam sched_getscheduler"
        " sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval sched_getattr"
        " sched_setattr getpriority setpriority ioprio_get ioprio_set",
    ),
    _rule(
        "Who and where am I, and how much have I used. Raising a hard limit needs a capability.",
        "uname sysinfo times getrusage getrlimit setrlimit prlimit64 getuid geteuid getgid getegid getgroups getresuid"
        " getresgid capget",
    ),
    _rule(
        "Become another user: refused by the kernel without a capability; programs that drop rights want an answer.",
        "setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset",
    ),
    _rule(
        "Signals.",
        "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait rt_sigqueueinfo"
        " rt_tgsigqueueinfo sigaltstack signalfd signalfd4 pause alarm restart_syscall",
    ),
    _rule(
        "Clocks and timers, read and set for oneself.",
        "time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep getitimer setitimer timer_create"
        " timer_settime timer_gettime timer_getoverrun timer_delete timerfd_create timerfd_settime timerfd_gettime",
    ),
    _rule(
        "Wait for several things at once, as every event loop does.",
        "poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd"
        " eventfd2 pipe pipe2 inotify_init inotify_init1 inotify_add_watch inotify_rm_watch",
    ),
    _rule(
        "Talk over a socket that could be made (which ones: below).",
        "bind connect listen accept accept4 getsockname getpeername getsockopt setsockopt sendto recvfrom sendmsg"
        " recvmsg sendmmsg recvmmsg shutdown",
    ),
    _rule(
        "Semaphores and shared memory, in the sandbox's own IPC namespace.",
        "semget semop semtimedop semctl shmget shmat shmdt shmctl",
    ),
    _rule("Random numbers.", "getrandom"),
)

BY_ARGUMENT = (
    Argument(
        "A socket of the machine's own families. vsock is not part of the network namespace and reaches the host below"
        " a virtual machine; AF_ALG, AF_PACKET, AF_XDP, AF_TIPC, Bluetooth and CAN are kernel code that no application"
        " needs.",
        ("socket",),
        0,
        (UNIX, INET, INET6, NETLINK),
        error=errno.EAFNOSUPPORT,
    ),
    Argument("A pair of sockets joined to each other.", ("socketpair",), 0, (UNIX,), error=errno.EAFNOSUPPORT),
    Argument(
        "A process or thread, but in no namespace of its own: in a new user namespace it would have every capability.",
        ("clone",),
        0,
        (0,),
        mask=NAMESPACES,
    ),
    Argument(
        "Ask which kernel this seems to be (all ones) or make it Linux (zero); others switch protections off.",
        ("personality",),
        0,
        (0, 0xFFFFFFFF),
    ),
)

# These answer as on a kernel that does not have them, and programs then take the older call.
ABSENT = (
    _rule("Its flags lie in memory, where no filter can read them: C libraries then use clone.", "clone3"),
    _rule("Memory that even the kernel cannot look into, and that no limit of a folder counts.", "memfd_secret"),
)

REFUSED = (
    _rule(
        "Work queued in memory and done by kernel threads, past this filter; more holes than any other part.",
        "io_uring_setup io_uring_enter io_uring_register",
    ),
    _rule("The kernel's key rings are not kept apart by namespaces.", "add_key request_key keyctl"),
    _rule("Programs that run inside the kernel.", "bpf"),
    _rule("Holds the kernel at a page fault for as long as one likes, which wins races for an attack.", "userfaultfd"),
    _rule("Counters of the processor: a big piece of kernel code, and a window on other processes.", "perf_event_open"),
    _rule(
        "Reach into another process; the sandbox's own ones run as the same user.",
        "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_getfd",
    ),
    _rule("Enter or make namespaces.", "unshare setns"),
    _rule(
        "Change which files are where.",
        "mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr",
    ),
    _rule(
        "Open a file by its number instead of its path, which has led out of containers.",
        "name_to_handle_at open_by_handle_at",
    ),
    _rule("Load another kernel, or parts of one.", "kexec_load kexec_file_load init_module finit_module delete_module"),
    _rule("The kernel's log tells addresses and other programs' doings.", "syslog"),
    _rule(
        "The machine's own affairs: clock, name, swap, power, quotas, accounting, consoles.",
        "reboot swapon swapoff acct quotactl quotactl_fd settimeofday clock_settime adjtimex clock_adjtime sethostname"
        " setdomainname vhangup",
    ),
    _rule("Ports of the hardware, and odd segments for 16-bit programs.", "iopl ioperm modify_ldt"),
    _rule("Watch every file of a file system.", "fanotify_init fanotify_mark"),
    _rule("Pages of pipes and of other processes, moved about.", "vmsplice move_pages migrate_pages"),
    _rule(
        "Calls of long ago.",
        "uselib ustat sysfs lookup_dcookie nfsservctl remap_file_pages",
    ),
)

# bubblewrap's supervisor makes the namespaces and the writable folders of each command, which then gets all the rules.
FOR_SUPERVISOR = _rule("Folders in memory, and namespaces for the command.", "mount umount2 unshare")

# In bubblewrap there may be no control group that counts them, and processors are given by affinity.
UNCOUNTED = _rule(
    "Memory that is in no folder and no process, and other processors.", "memfd_create shmget sched_setaffinity"
)
