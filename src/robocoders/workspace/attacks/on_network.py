"""Attempts to reach somebody else."""

# ruff: noqa: E501 -- programs are written as they would be typed

from __future__ import annotations

from robocoders.workspace.attacks.attempt import Attempt, Sign

__all__ = ["ON_NETWORK"]

ON_NETWORK: tuple[Attempt, ...] = (
    Attempt(
        "network.loopback",
        "connect to a server on the host's loopback",
        Sign.REACHED,
        'exec 3<>"/dev/tcp/127.0.0.1/$PORT" && cat <&3; exec 4<>"/dev/tcp/localhost/$PORT" && cat <&4',
        bare="",
    ),
    Attempt(
        "network.loopback-spellings",
        "connect by other names of the loopback: IPv6, mapped, 0.0.0.0, 127.1.2.3",
        Sign.REACHED,
        """
for family, host in (
    (socket.AF_INET6, "::1"), (socket.AF_INET6, "::ffff:127.0.0.1"), (socket.AF_INET, "0.0.0.0"),
    (socket.AF_INET, "127.1.2.3"), (socket.AF_INET6, "::"),
):
    for port in (env["PORT"], env["PORT6"], env["ANY_PORT"]):
        with tried(), socket.socket(family) as connection:
            connection.settimeout(0.3)
            connection.connect((host, int(port)))
            give(connection.recv(100))
""",
        "python",
    ),
    Attempt(
        "network.by-address",
        "connect to the host by its address on the network",
        Sign.REACHED,
        """
for port in (env["ANY_PORT"], env["PORT"]):
    with tried(), socket.create_connection((env["HOST_IP"], int(port)), 0.5) as connection:
        give(connection.recv(100))
""",
        "python",
    ),
    Attempt(
        "network.datagrams",
        "send a question for a name (DNS) to the host",
        Sign.REACHED,
        """
question = struct.pack(">HHHHHH", 1, 0x100, 1, 0, 0, 0) + b"\\x07example\\x00" + struct.pack(">HH", 1, 1)
for host in (env["HOST_IP"], "127.0.0.1", "255.255.255.255", "224.0.0.1"):
    with tried(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.sendto(question, (host, int(env["DATAGRAM_PORT"])))
""",
        "python",
    ),
    Attempt(
        "network.names",
        "use whoever resolves names on the host",
        Sign.PRIVILEGED,
        """
import urllib.request
with tried():
    give(socket.getaddrinfo("example.com", 80))
with tried():
    give(open("/etc/resolv.conf").read())
child(hold)
hold()
""",
        "python",
        shows="network interfaces",
    ),
    Attempt(
        "network.abstract-socket",
        "connect to an abstract socket of the host",
        Sign.REACHED,
        """
with tried(), socket.socket(socket.AF_UNIX) as connection:
    connection.connect("\\0" + env["ABSTRACT"])
    give(connection.recv(100))
with tried(), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
    sender.sendto(b"x", "\\0" + env["ABSTRACT"] + "-datagrams")
""",
        "python",
    ),
    Attempt(
        "network.path-socket",
        "connect to a socket of the host that has a path",
        Sign.REACHED,
        """
os.symlink(env["SOCKET"], "link")
for path in (env["SOCKET"], "link", f"/proc/{VICTIM}/root{env['SOCKET']}", "../../../run/socket"):
    with tried(), socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        give(connection.recv(100))
""",
        "python",
    ),
    Attempt(
        "network.enter",
        "enter the host's network by the namespace of a process",
        Sign.REACHED,
        """
for pid in others():
    with tried():
        call("setns", os.open(f"/proc/{pid}/ns/net", os.O_RDONLY), 0x40000000)
        with socket.create_connection(("127.0.0.1", int(env["PORT"])), 0.5) as connection:
            give(connection.recv(100))
""",
        "python",
    ),
    Attempt(
        "network.packets",
        "open sockets below the protocols: packets, raw IP",
        Sign.PRIVILEGED,
        """
kept = []
for family, kind, protocol in ((17, 3, 0x300), (17, 2, 0x300), (2, 3, 1), (2, 3, 255), (10, 3, 58)):
    with tried():
        kept.append(socket.socket(family, kind, protocol))
if kept:
    hold()
""",
        "python",
        shows="a socket of the protocol",
    ),
    Attempt(
        "network.other-families",
        "open sockets of families that have no namespaces: the hypervisor's, cryptography, Bluetooth, ...",
        Sign.PRIVILEGED,
        """
kept = []
for family in (3, 4, 5, 9, 11, 15, 17, 21, 23, 24, 26, 29, 30, 31, 33, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45):
    for kind in (1, 2, 3, 5):
        with tried():
            kept.append(socket.socket(family, kind, 0))
            break
if kept:
    hold()
""",
        "python",
        shows="a socket of the protocol",
    ),
    Attempt(
        "network.interfaces",
        "make an interface or a route",
        Sign.PRIVILEGED,
        """
with tried(), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
    link.settimeout(1)
    name = b"robo0"
    attribute = struct.pack("=HH", 4 + len(name) + 1, 3) + name + bytes(3 + -(len(name) + 5) % 4 - 2)
    kind = struct.pack("=HH", 9, 1) + b"dummy" + bytes(3)
    information = struct.pack("=HH", 4 + len(kind), 18) + kind
    attribute = struct.pack("=HH", 10, 3) + name + bytes(3)
    body = struct.pack("=BBHiII", 0, 0, 0, 0, 0, 0) + attribute + information
    link.send(struct.pack("=IHHII", 16 + len(body), 16, 0x605, 1, 0) + body)
    give(repr(link.recv(4096)))
child(lambda: hold(0.2))
hold(0.2)
""",
        "python",
        shows="network interfaces",
        bare="it would make an interface of this machine; the sign is proved by resolving names",
    ),
    Attempt(
        "network.tunnel",
        "open the device that makes network interfaces, or that of virtual machines",
        Sign.PRIVILEGED,
        """
kept = []
os.mkdir("dev")
for path, kind in (("/dev/net/tun", (10, 200)), ("/dev/kvm", (10, 232)), ("/dev/vhost-net", (10, 238)), ("/dev/fuse", (10, 229))):
    with tried():
        kept.append(os.open(path, os.O_RDWR))
    with tried():
        os.mknod(path.replace("/", "_"), 0o20666, os.makedev(*kind))
        kept.append(os.open(path.replace("/", "_"), os.O_RDWR))
if kept:
    hold()
""",
        "python",
        shows="the device",
    ),
)
