"""Attempts to take time: the machine's, the server's, and that of whoever waits."""

# ruff: noqa: E501 -- programs are written as they would be typed

from __future__ import annotations

from dataclasses import replace

from robocoders.workspace.attacks.attempt import MEBIBYTE, QUICK, Attempt, Sign, linger

__all__ = ["ON_TIME"]

_BURN = replace(QUICK, cpu_seconds=1, wall_seconds=4)
_WAIT = replace(QUICK, wall_seconds=1)
_TALK = replace(QUICK, output_bytes=MEBIBYTE, wall_seconds=6)
_OUTPUT = "the output of a bare command is limited by the server in the same way; that its memory is measured is proved by a test"

ON_TIME: tuple[Attempt, ...] = (
    Attempt(
        "cpu.one",
        "burn processor time",
        Sign.EXCEEDED,
        "while :; do :; done",
        shows="CPU",
        limits=replace(_BURN, wall_seconds=7),
    ),
    Attempt(
        "cpu.many",
        "burn processor time in many processes, deaf to polite signals",
        Sign.EXCEEDED,
        "trap '' HUP TERM INT XCPU; for i in 1 2 3 4 5 6 7 8; do (trap '' TERM XCPU; while :; do :; done) & done; wait",
        shows="CPU",
        limits=_BURN,
    ),
    Attempt(
        "cpu.after-the-command",
        "burn processor time after the command has ended",
        Sign.EXCEEDED,
        "for i in 1 2; do setsid sh -c 'while :; do :; done' >/dev/null 2>&1 & done; disown -a",
        tool=linger,
        shows="CPU",
        limits=_BURN,
        bare="it runs until the seal is closed, which is soon; the sign is proved by other burners",
    ),
    Attempt(
        "time.sleep",
        "take longer than is allowed, deaf to polite signals",
        Sign.EXCEEDED,
        "trap '' HUP TERM INT QUIT; sleep 9; sleep 9",
        shows="seconds",
        limits=_WAIT,
    ),
    Attempt(
        "time.stopped",
        "stop, and never go on",
        Sign.EXCEEDED,
        "(sleep 9; kill -CONT $$) & kill -STOP $$",
        shows="seconds",
        limits=_WAIT,
    ),
    Attempt(
        "time.hold-output",
        "end, while somebody else holds the output open",
        Sign.EXCEEDED,
        "(setsid sleep 20 &) ; (setsid sh -c 'while sleep 0.01; do echo x; done' &); exit 0",
        shows="seconds",
        limits=_WAIT,
        bare="whoever holds the output is outwaited in the same way there; the sign is proved by sleeping",
    ),
    Attempt(
        "output.endless",
        "write output without end",
        Sign.EXCEEDED,
        "yes",
        shows="memory of the server",
        limits=_TALK,
        bare=_OUTPUT,
    ),
    Attempt(
        "output.endless-error",
        "write a single line of errors without end",
        Sign.EXCEEDED,
        "cat /dev/zero >&2",
        shows="memory of the server",
        limits=_TALK,
        bare=_OUTPUT,
    ),
    Attempt(
        "output.after-the-command",
        "write output without end from many processes, after the command has ended",
        Sign.STUCK,
        "for i in 1 2 3 4 5 6 7 8; do setsid yes & done; disown -a; exit 0",
        tool=linger,
        limits=_TALK,
        bare=_OUTPUT,
    ),
    Attempt(
        "output.not-text",
        "write what is no text: control characters, broken UTF-8, and a great many line ends",
        Sign.STUCK,
        r"printf '\033]0;x\007\033[2J\000\377\376'; head -c 300k /dev/urandom; yes '' | head -c 300k; printf '\xf0\x9f\x98'",
        limits=_TALK,
        bare=_OUTPUT,
    ),
)
