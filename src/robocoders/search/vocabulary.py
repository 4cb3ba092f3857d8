"""Words about words: which of a question's words say nothing, which say little, and which stand for each other.

The lists are general programming English; no project's own words belong here.
"""

from __future__ import annotations

from robocoders.search.stemming import stem

__all__ = ["ALTERNATIVES", "STOP_WORDS", "WEAK_STEMS", "WEAK_WEIGHT"]

WEAK_WEIGHT = 0.35

_ENGLISH = """
    a about after all also am an and any are as ask at be been before being but by can code codebase could did do does
    doing done down each else ever every exactly find for from give had has have having he her here his how i if in into
    is it its itself just know let like locate look made make many may me might more most much must my need no nor not
    of off on once one only onto or other our out over own per place places please point project repo repository same
    search shall she should show so some somewhere such tell than that the their them then there these they thing
    things this those through to too under until up us very want was way we were what whats when where wheres whether
    which while who whose why will with within without would you your workspace anything something explain describe
    happen happens happened actually actual really responsible
"""
_RUSSIAN = """
    а без был была были было быть в вам вас весь во вот все всё вы где да для до его ее её если есть еще ещё же
    за здесь и из или им их к как какая какие каким какой какого каком когда кто куда ли мне мы на над надо нам
    нас не него нет ни но о об он она они оно от откуда по под покажи почему при с со так также там то тоже
    только тут ты у уже чего чем что чтобы эта эти это этот этой этом я найди найти код кода коде проект проекте
    проекта происходит находится находятся лежит лежат
"""
_OTHERS = """
    wo was wer wie welche welcher welches wird werden ist sind der die das den dem ein eine im und oder
    où que quoi qui comment quel quelle quels quelles est sont le la les un une des du de dans et ou
    dónde donde qué quién cómo como cuál es son el los las una del en y o se
"""
STOP_WORDS = frozenset(f"{_ENGLISH} {_RUSSIAN} {_OTHERS}".split())
"""Question words and filling: they are never searched for."""

_WEAK = """
    function method class module file line call called implement implementation define defined definition
    declare handle handled handling work works working use used using usage logic part piece step process
    different type kind value thing stuff main set get do run name list default support decide decided determine
    current new functionality feature mechanism enforce perform occur apply affect involve system object
    instance variable constant source program library package internal функция функции метод класс файл файле
    реализован реализована определен определена определён используется
"""
WEAK_STEMS = frozenset(stem(word) for word in _WEAK.split())
"""Stems that fit almost any question about code."""

_SYNONYMS = (
    # What code calls a thing that a question calls by its first name or the other way round.
    (
        0.5,
        """
        write save store dump persist put replace
        read load get fetch open
        delete remove clear drop purge unlink discard
        create make new build construct
        check validate verify ensure
        send post emit publish transmit dispatch
        start begin launch boot
        stop shutdown close end terminate kill
        parse decode read deserialize
        serialize encode dump
        print render display show format
        compute calculate count measure
        convert transform cast coerce translate
        wait sleep delay block
        retry backoff attempt
        login signin authenticate auth
        limit max maximum cap
        find search lookup match
        choose select pick resolve
        combine join merge concat
        redirect follow
        compress gzip deflate
        expire ttl stale
        """,
    ),
    (
        0.8,
        """
        config configuration settings setting option
        error exception failure
        directory dir folder
        database db
        environment env
        argument arg
        parameter param
        message msg
        request req
        response resp
        connection conn
        authentication auth
        authorization auth
        initialize init
        password passwd
        temporary temp tmp
        command cmd
        context ctx
        document doc
        synchronous sync
        asynchronous async
        execute exec
        attribute attr
        identifier id
        statistics stats
        certificate cert
        """,
    ),
)


def _alternatives() -> dict[str, tuple[tuple[str, float], ...]]:
    found: dict[str, dict[str, float]] = {}
    for factor, table in _SYNONYMS:
        for line in table.strip().splitlines():
            stems = [stem(word) for word in line.split()]
            for one in stems:
                for other in stems:
                    if other != one:
                        known = found.setdefault(one, {})
                        known[other] = max(known.get(other, 0.0), factor)
    return {one: tuple(others.items()) for one, others in found.items()}


ALTERNATIVES = _alternatives()
"""Stems that may stand for a stem in code, each with a factor."""
