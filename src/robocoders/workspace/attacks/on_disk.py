"""Attempts to fill the disk. Each stops by itself at some 1.5 GiB."""

from __future__ import annotations

from dataclasses import replace

from robocoders.workspace.attacks.attempt import MEBIBYTE, QUICK, Attempt, Sign, linger

__all__ = ["ON_DISK"]

_DISK = replace(QUICK, workspace_bytes=64 * MEBIBYTE, file_bytes=128 * MEBIBYTE, wall_seconds=8)
_SMALL_FILES = "what it could fill is measured by time; the sign is proved by larger files"

ON_DISK: tuple[Attempt, ...] = (
    Attempt(
        "disk.one-file",
        "write one file without end",
        Sign.EXCEEDED,
        "head -c 1500M /dev/zero > file; sleep 0.3",
        shows="disk",
        limits=_DISK,
    ),
    Attempt(
        "disk.many-files",
        "write many files of the size that is allowed",
        Sign.EXCEEDED,
        "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do head -c 100M /dev/zero > f$i; done; sleep 0.3",
        shows="disk",
        limits=_DISK,
    ),
    Attempt(
        "disk.reserved",
        "reserve space without writing",
        Sign.EXCEEDED,
        "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do fallocate -l 100M f$i; done; sleep 0.5",
        shows="disk",
        limits=_DISK,
    ),
    Attempt(
        "disk.without-names",
        "write files that have no name any more",
        Sign.EXCEEDED,
        """
kept = []
for number in range(15):
    kept.append(os.open(f"f{number}", os.O_CREAT | os.O_RDWR, 0o600))
    os.unlink(f"f{number}")
    with tried():
        os.posix_fallocate(kept[-1], 0, 100 << 20)
    hold(0.02)
hold(0.6)
""",
        "python",
        shows="disk",
        limits=_DISK,
    ),
    Attempt(
        "disk.without-descriptors",
        "write files that have neither name nor descriptor and are only mapped",
        Sign.EXCEEDED,
        """
kept = []
for number in range(15):
    file = os.open(f"f{number}", os.O_CREAT | os.O_RDWR, 0o600)
    os.unlink(f"f{number}")
    with tried():
        os.posix_fallocate(file, 0, 100 << 20)
        kept.append(libc.mmap(None, ctypes.c_size_t(4096), 1, 1, file, ctypes.c_long(0)))
    os.close(file)
    hold(0.02)
hold(0.8)
""",
        "python",
        shows="disk",
        limits=_DISK,
    ),
    Attempt(
        "disk.in-flight",
        "write files without a name that are on their way to a process that never takes them",
        Sign.EXCEEDED,
        """
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
for number in range(15):
    file = os.open(f"f{number}", os.O_CREAT | os.O_RDWR, 0o600)
    os.unlink(f"f{number}")
    with tried():
        os.posix_fallocate(file, 0, 100 << 20)
        socket.send_fds(ours, [b"x"], [file])
    os.close(file)
    hold(0.02)
hold(0.8)
""",
        "python",
        shows="disk",
        limits=_DISK,
    ),
    Attempt(
        "disk.behind-a-hidden-program",
        "write files without names from a program that nobody may look into",
        Sign.EXCEEDED,
        """
import shutil, subprocess
shutil.copy(os.path.realpath("/proc/self/exe"), "hidden")
os.chmod("hidden", 0o111)
program = '''
import os, time
kept = []
for number in range(15):
    kept.append(os.open(f"f{number}", os.O_CREAT | os.O_RDWR, 0o600))
    os.unlink(f"f{number}")
    os.posix_fallocate(kept[-1], 0, 100 << 20)
    time.sleep(0.02)
time.sleep(0.8)
'''
prefix = os.path.dirname(os.path.dirname(env["SYSTEM_PYTHON"]))
subprocess.run([ROOT + "/hidden", "-I", "-S", "-c", program], env={"PYTHONHOME": prefix})
""",
        "python",
        shows="disk",
        limits=_DISK,
    ),
    Attempt(
        "disk.hidden-directory",
        "write where nobody may look",
        Sign.EXCEEDED,
        """
os.mkdir("hidden")
here = os.open("hidden", os.O_RDONLY)
files = [os.open(f"f{n}", os.O_CREAT | os.O_RDWR, 0o600, dir_fd=here) for n in range(15)]
for file in files[:1]:
    os.posix_fallocate(file, 0, 1 << 20)
os.chmod("hidden", 0)
for file in files:
    with tried():
        os.posix_fallocate(file, 0, 100 << 20)
    os.close(file)
    hold(0.02)
hold(0.8)
""",
        "python",
        shows="disk",
        limits=_DISK,
    ),
    Attempt(
        "disk.deep-directory",
        "write below more directories than a path can name",
        Sign.EXCEEDED,
        """
for _ in range(200):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
for number in range(15):
    with tried():
        file = os.open(f"f{number}", os.O_CREAT | os.O_RDWR, 0o600)
        os.posix_fallocate(file, 0, 100 << 20)
        os.close(file)
    hold(0.02)
hold(0.8)
""",
        "python",
        shows="disk",
        limits=_DISK,
    ),
    Attempt(
        "disk.sparse",
        "make a file that is larger than the disk",
        Sign.EXCEEDED,
        "truncate -s 8E file; truncate -s 1T other; for i in 0 1 2 3 4 5 6 7 8 9; do "
        "dd if=/dev/zero of=holes bs=1M count=100 seek=$((i*1000)) conv=notrunc; done; sleep 0.3",
        shows="disk",
        limits=replace(_DISK, file_bytes=128 * MEBIBYTE),
    ),
    Attempt(
        "disk.empty-files",
        "make empty files until the disk has no place for names",
        Sign.EXCEEDED,
        """
end = time.monotonic() + 4
count = 0
while time.monotonic() < end and count < 400000:
    if count % 2000 == 0:
        os.mkdir(f"d{count}")
        os.chdir(f"{ROOT}/d{count}")
        os.chdir(ROOT)
        folder = f"d{count}"
    with tried():
        os.mknod(f"{folder}/{count}")
    count += 1
print(count)
""",
        "python",
        shows="disk",
        limits=replace(_DISK, workspace_bytes=16 * MEBIBYTE, cpu_seconds=8),
        bare=_SMALL_FILES,
    ),
    Attempt(
        "disk.while-nobody-looks",
        "fill disk and memory after the command has ended",
        Sign.EXCEEDED,
        """
def work():
    hold(0.3)
    parts = []
    for number in range(15):
        with tried():
            file = os.open(f"f{number}", os.O_CREAT | os.O_RDWR, 0o600)
            os.posix_fallocate(file, 0, 100 << 20)
            parts.append(bytearray(b"x" * (32 << 20)))
    hold(2)
daemon(work)
hold(0.1)
""",
        "python",
        linger,
        shows="disk",
        limits=_DISK,
    ),
)
