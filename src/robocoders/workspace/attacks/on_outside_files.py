"""Attempts to change what lies outside of the workspace, or to leave something behind in it that gives rights."""

# ruff: noqa: E501 -- programs are written as they would be typed

from __future__ import annotations

from robocoders.workspace.attacks.attempt import Attempt, Sign

__all__ = ["ON_OUTSIDE_FILES"]

ON_OUTSIDE_FILES: tuple[Attempt, ...] = (
    Attempt(
        "write.by-dots",
        "write beside and above the workspace",
        Sign.CHANGED,
        'p=..; for i in 1 2 3 4 5 6 7 8; do echo x > "$p/$MARK"; mkdir "$p/$MARK-d"; p=$p/..; done',
    ),
    Attempt(
        "write.by-absolute-path",
        "write to the database and into the system's directories",
        Sign.CHANGED,
        'for p in "$DATABASE" "$OTHER" "$OUTSIDE/$MARK" "/etc/$MARK" "/$MARK" "$LASTING/$MARK"; do echo x >> "$p"; done',
    ),
    Attempt(
        "write.programs",
        "put a program where the host looks for programs",
        Sign.CHANGED,
        'for p in /usr/bin /usr/local/bin /bin "$(dirname "$SYSTEM_PYTHON")"; do echo x > "$p/$MARK"; done',
    ),
    Attempt(
        "write.temporary-files",
        "reach the host's temporary files and shared memory",
        Sign.CHANGED,
        'for p in "$TEMPORARY" "$LASTING" /dev/shm /run; do echo x > "$p/$MARK"; done',
    ),
    Attempt(
        "write.symbolic-link",
        "write through symbolic links in the workspace",
        Sign.CHANGED,
        'ln -s "$OTHER" file; ln -s "$OUTSIDE" folder; echo x >> file; echo x > "folder/$MARK"; cp /bin/true "folder/$MARK"',
    ),
    Attempt(
        "write.hard-link",
        "write through a second name of a file outside, or give a file here a name outside",
        Sign.CHANGED,
        'ln "$OTHER" mine; echo x >> mine; echo x > here; ln here "$OUTSIDE/$MARK"',
    ),
    Attempt(
        "write.proc-root",
        "write through the roots and directories of processes",
        Sign.CHANGED,
        'for p in /proc/[0-9]* "/proc/$VICTIM" "/proc/$SERVER" /proc/self; do echo x > "$p/root$OUTSIDE/$MARK"; done; '
        'echo x > "/proc/$VICTIM/cwd/../$MARK"; echo x > "/proc/1/cwd/../$MARK"',
    ),
    Attempt(
        "write.proc-descriptors",
        "open what the process outside has open, to write",
        Sign.CHANGED,
        'for p in /proc/[0-9]*/fd "/proc/$VICTIM/fd"; do for f in "$p"/*; do case $(readlink "$f") in '
        '"$SIGN_IN_KEY") echo x >> "$f";; esac; done; done; echo x >> "/proc/$VICTIM/fd/$VICTIM_FD"',
    ),
    Attempt(
        "write.rename-over",
        "put a file in another's place by renaming",
        Sign.CHANGED,
        """
open("mine", "w").write("x")
for target in (env["OTHER"], env["OUTSIDE"] + "/" + MARK, ROOT + "/../" + MARK):
    with tried():
        os.rename("mine", target)
with tried():
    open("again", "w").write("x")
    target = env["NETRC"].encode()
    number = 316 if os.uname().machine == "x86_64" else 276
    raw(number, -100, b"again", -100, target, 2)
""",
        "python",
    ),
    Attempt(
        "write.move-the-workspace",
        "rename, replace or remove the workspace itself",
        Sign.CHANGED,
        'mv "$ROOT" "$ROOT-$MARK"; mkdir "$ROOT-$MARK/x"; cd /; rmdir "$ROOT"; rm -rf "$ROOT"/../other',
    ),
    Attempt(
        "write.remove",
        "remove everything outside",
        Sign.CHANGED,
        'rm -rf "$OUTSIDE/home" "$DATABASE" "$OTHER"; find "$OUTSIDE/state" -delete; : > "$JOURNAL"',
    ),
    Attempt(
        "write.permissions",
        "open files outside to everybody, give them away, mark them",
        Sign.CHANGED,
        'chmod 777 "$OTHER"; chown 12345 "$OTHER"; touch -d 1999-01-01 "$OTHER"; chmod -R a+rwX "$OUTSIDE/home"; '
        'setfattr -n user.mark -v x "$OTHER"',
    ),
    Attempt(
        "write.by-handle",
        "write to a file outside that was opened by its number",
        Sign.CHANGED,
        """
here = os.open(".", os.O_RDONLY)
for inode in (2, 128, 256):
    with tried():
        handle = ctypes.create_string_buffer(struct.pack("=IiII", 8, 1, inode, 0))
        root = call("open_by_handle_at", here, handle, os.O_RDONLY | os.O_DIRECTORY)
        os.write(os.open(env["OTHER"].lstrip("/"), os.O_WRONLY, dir_fd=root), b"changed")
""",
        "python",
    ),
    Attempt(
        "write.bind-mount",
        "mount a directory outside into the workspace and write there",
        Sign.CHANGED,
        'mkdir m; mount --bind "$OUTSIDE" m && echo x > "m/$MARK"; echo x > "m/data/workspaces/other/notes.txt"; umount m',
    ),
    Attempt(
        "write.remount",
        "make what is read-only writable, and write",
        Sign.CHANGED,
        'for m in / /usr /etc/alternatives /proc/irq; do mount -o remount,rw,bind "$m"; done; echo x > "/usr/$MARK"; '
        'echo x > "/etc/$MARK"; umount -l "$TEMPORARY" && echo x > "$TEMPORARY/$MARK"',
        bare="it would take the host's mounts away; the same sign is proved by other writes",
    ),
    Attempt(
        "write.host-name",
        "rename the host",
        Sign.CHANGED,
        'hostname "$MARK"; echo "$MARK" > /proc/sys/kernel/hostname',
        bare="it would rename this machine",
    ),
    Attempt(
        "write.core-pattern",
        "have the kernel start a program of ours when one crashes",
        Sign.CHANGED,
        'echo "|$TEMPORARY/$MARK" > /proc/sys/kernel/core_pattern',
        bare="it would change this machine's kernel",
    ),
    Attempt(
        "write.key-ring",
        "leave a key in the kernel's key rings",
        Sign.CHANGED,
        """
for ring in (-4, -5, -3):
    with tried():
        key = call("add_key", b"user", MARK.encode(), b"x", 1, ring)
        call("keyctl", 5, key, 0x3F3F3F3F)
        call("keyctl", 15, key, 20)
""",
        "python",
    ),
    Attempt(
        "write.system-v-memory",
        "leave System V memory on the host",
        Sign.CHANGED,
        """
segment = libc.shmget(ctypes.c_int(int(MARK[-7:], 16)), ctypes.c_size_t(4096), 0o1666)
print(segment)
""",
        "python",
    ),
    Attempt(
        "write.abstract-name",
        "take an abstract name of the host's network",
        Sign.CHANGED,
        """
listener = socket.socket(socket.AF_UNIX)
listener.bind("\\0" + MARK)
listener.listen()
daemon(lambda: hold(5))
""",
        "python",
    ),
    Attempt(
        "write.terminal",
        "type into the terminal of the host, or write to it",
        Sign.CHANGED,
        """
for path in (env["TERMINAL"], "/dev/tty", "/dev/console", *(f"/dev/pts/{n}" for n in range(8)), "/proc/self/fd/0"):
    with tried():
        terminal = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        if path != env["TERMINAL"] and os.path.realpath(path) != os.path.realpath(env["TERMINAL"]):
            continue
        for command in (0x5412, 0x5412 | 1 << 32):
            for character in MARK:
                with tried():
                    call("ioctl", terminal, command, character.encode())
        os.write(terminal, MARK.encode())
""",
        "python",
    ),
    Attempt(
        "plant.set-user-id",
        "leave a program in the workspace that runs as its owner",
        Sign.PLANTED,
        """
for name, make in {
    "a": lambda path: os.chmod(path, 0o4755),
    "b": lambda path: os.fchmod(os.open(path, os.O_RDONLY), 0o6755),
    "c": lambda path: call("fchmodat", -100, path.encode(), 0o4755),
    "d": lambda path: call("fchmodat2", -100, path.encode(), 0o4755, 0),
    "e": lambda path: i386(15, low(path.encode()), 0o4755),
    "f": lambda path: call("fchmodat", -100, path.encode(), 0o4755 | 1 << 40),
}.items():
    if name == "e":
        continue
    with tried():
        open(name, "w").write("#!/bin/sh")
        make(name)
os.umask(0)
with tried():
    os.open("g", os.O_CREAT | os.O_WRONLY, 0o4755)
with tried():
    libc.creat(b"h", 0o4755)
with tried():
    os.mknod("i", 0o104755)
with tried():
    call("openat2", -100, b"j", struct.pack("=QQQ", os.O_CREAT | os.O_WRONLY, 0o4755, 0), 24)
with tried():
    temporary = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o4755)
    os.link(f"/proc/self/fd/{temporary}", "k", follow_symlinks=True)
with tried():
    call("openat", -100, b"l", os.O_CREAT | os.O_WRONLY | 1 << 40, 0o4755)
""",
        "python",
    ),
    Attempt(
        "plant.set-user-id-by-i386",
        "do the same by calls of another architecture, which are numbered otherwise",
        Sign.PLANTED,
        """
open("program", "w").write("#!/bin/sh")
with tried():
    i386(15, low(b"program"), 0o4755)
""",
        "python",
    ),
    Attempt(
        "plant.set-user-id-by-programs",
        "do the same by copying, packing and installing",
        Sign.PLANTED,
        "install -m 6755 /bin/true one; cp -p /usr/bin/su two; cp /bin/true three; chmod u+s three; mkdir t; cp /bin/true t/x; "
        "chmod 2755 t/x; tar -cf a.tar --mode=4755 t; mkdir u; tar -xpf a.tar -C u; "
        "perl -e 'chmod 04755, \"three\"'; ln /usr/bin/su four",
    ),
    Attempt(
        "plant.capabilities",
        "leave a program with capabilities in the workspace",
        Sign.PLANTED,
        """
open("program", "w").write("#!/bin/sh")
os.chmod("program", 0o755)
for value in (struct.pack("<IIIII", 0x02000001, 0x3FFFFFFF, 0, 0, 0), struct.pack("<IIIIII", 0x03000001, 1 << 21, 0, 0, 0, 0)):
    with tried():
        os.setxattr("program", "security.capability", value)
""",
        "python",
    ),
    Attempt(
        "plant.device",
        "leave the disk's device in the workspace",
        Sign.PLANTED,
        "mknod disk b 254 0; mknod memory c 1 1; mknod zero c 1 5; cp -a /dev/null /dev/zero .",
    ),
)
