"""Runs one command for which https://api.robocoders.ai is your own server, and nothing else on the machine changes.

    python3 as_hosted.py DIRECTORY [--server 127.0.0.1:8760] -- COMMAND [ARGUMENT...]

DIRECTORY is what make_authority.sh made. The command and what it starts get

* a private /etc/hosts, in which api.robocoders.ai is this machine, and a private /etc/nsswitch.conf that asks no other
  source of names (a mount namespace);
* a private loopback device and no other network, so that nothing goes anywhere else by accident (a network namespace);
  port 443 of that loopback device leads to your server, and TLS is spoken between the command and your server;
* the authority of DIRECTORY as the one they trust, by SSL_CERT_FILE and the variables of clients that do not read it.

They run as you, with your files and rights. Nothing is installed, and everything is gone when the command ends. Linux
only; where an ordinary user may not make namespaces, start it as root. Exit status: the command's own; 125 when the
command could not be prepared, 126 when it could not be started.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

HOST = "api.robocoders.ai"
CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x0002_0000, 0x1000_0000, 0x4000_0000  # linux/sched.h
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x4_0000  # linux/mount.h
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1  # linux/sockios.h, linux/if.h
PR_SET_PDEATHSIG = 1  # linux/prctl.h

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    """Raises the error of a call into the C library that failed."""
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(source: str, target: str, kind: str | None, flags: int) -> None:
    """Mounts as the system call of that name does; `flags` is a sum of MS_ constants."""
    kind_bytes = kind.encode() if kind else None
    check(libc.mount(source.encode(), target.encode(), kind_bytes, flags, None), f"mount on {target}")


def enter_namespaces() -> None:
    """Gives this process mounts and a network of its own; an ordinary user needs a user namespace for that."""
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) == 0:
        return
    check(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET), "unshare")
    Path("/proc/self/setgroups").write_text("deny")  # the kernel asks for this before an ordinary user's gid_map
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def replace_names() -> None:
    """Lays private files over /etc/hosts and /etc/nsswitch.conf; the sources can be deleted once they are mounted."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    hosts = f"127.0.0.1 localhost\n127.0.0.1 {HOST}\n127.0.0.1 {socket.gethostname()}\n"
    with tempfile.TemporaryDirectory() as directory:
        private = Path(directory, "file")
        private.write_text(hosts)
        private.chmod(0o644)
        mount(str(private), "/etc/hosts", None, MS_BIND)
        order = Path("/etc/nsswitch.conf")
        if order.exists():
            lines = [line for line in order.read_text().splitlines() if not line.startswith("hosts:")]
            private.unlink()
            private.write_text("\n".join([*lines, "hosts: files", ""]))
            private.chmod(0o644)
            mount(str(private), str(order), None, MS_BIND)
    if Path("/run/nscd").is_dir():  # the name cache of the whole machine would answer before the private files
        mount("none", "/run/nscd", "tmpfs", 0)


def open_port() -> socket.socket:
    """Sets the private loopback device up and listens on its port 443."""
    with socket.socket() as device:
        name = struct.pack("16sh14x", b"lo", 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(device, SIOCGIFFLAGS, name))
        fcntl.ioctl(device, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
    return socket.create_server(("127.0.0.1", 443))


def command_environment(authority: Path) -> dict[str, str]:
    """The caller's environment with the authority as the trusted one and without proxies, which are out of reach."""
    kept = {name: value for name, value in os.environ.items() if name.upper() not in PROXY_VARIABLES}
    return kept | dict.fromkeys(CA_VARIABLES, str(authority))


def become_command(command: list[str], authority: Path, parent: socket.socket) -> NoReturn:
    """In the child: prepares the surroundings, hands the listening socket to the parent, becomes the command."""
    try:
        check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM), "prctl")
        enter_namespaces()
        replace_names()
        with open_port() as listener:
            socket.send_fds(parent, [b"\0"], [listener.fileno()])
    except OSError as error:
        hint = "" if os.geteuid() == 0 else "; where an ordinary user may not do that, start it as root"
        print(f"as_hosted: no private surroundings ({error.strerror}){hint}", file=sys.stderr, flush=True)
        os._exit(125)
    try:
        os.execvpe(command[0], command, command_environment(authority))  # noqa: S606 - what the caller asked for
    except OSError as error:
        print(f"as_hosted: {command[0]}: {error.strerror}", file=sys.stderr, flush=True)
    os._exit(126)


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copies bytes until the reader ends, and passes the end on."""
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def relay(listener: socket.socket, server: tuple[str, int], child: int) -> None:
    """Joins every connection of the command to the server until the command ends."""

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(*server)
        except OSError:
            print(f"as_hosted: no server answers at {server[0]}:{server[1]}", file=sys.stderr, flush=True)
            writer.transport.abort()
            return
        try:
            await asyncio.gather(copy(reader, there_writer), copy(there_reader, writer))
        except OSError:
            writer.transport.abort()  # one side was cut off; the other one learns it the same way
            there_writer.transport.abort()
        finally:
            writer.close()
            there_writer.close()

    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, os.kill, child, name)
    ended = asyncio.Event()
    process = os.pidfd_open(child)
    loop.add_reader(process, ended.set)
    door = await asyncio.start_server(join, sock=listener)
    await ended.wait()
    door.close()
    loop.remove_reader(process)
    os.close(process)


def main() -> int:
    """Reads the arguments, starts the command, carries its connections; returns the exit status."""
    parser = argparse.ArgumentParser(description="Runs COMMAND with your own server as https://api.robocoders.ai.")
    parser.add_argument("directory", type=Path, help="what make_authority.sh made")
    parser.add_argument("--server", default="127.0.0.1:8760", help="address and port of your server")
    parser.add_argument("command", nargs="+", metavar="COMMAND")
    arguments = parser.parse_args()
    address, _, port = arguments.server.rpartition(":")
    authority = arguments.directory.resolve() / "authority.pem"
    if not address or not port.isdecimal():
        parser.error(f"--server {arguments.server!r} is no ADDRESS:PORT")
    if not authority.is_file():
        parser.error(f"{authority} does not exist; make it with make_authority.sh")

    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        become_command(arguments.command, authority, theirs)
    theirs.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command; this process ends after it
    _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
    ours.close()
    if descriptors:
        asyncio.run(relay(socket.socket(fileno=descriptors[0]), (address, int(port)), child))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
