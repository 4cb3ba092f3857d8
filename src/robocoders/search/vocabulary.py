"""Words about words: which of a question's words say nothing, and which say little.

The lists are general English, Russian, German, French and Spanish; no project's own words belong here.
"""

from __future__ import annotations

from robocoders.search.stemming import stem

__all__ = ["LANGUAGE_HINTS", "STOP_WORDS", "WEAK_STEMS", "WEAK_WEIGHT"]

WEAK_WEIGHT = 0.35

_ENGLISH = """
    a about after all also am an and any are as ask at be been before being but by can code codebase could did do does
    doing done each else ever every exactly few for from give given gives had has have having he her here his
    how however i if in into is it its itself just know let lets like locate look looks made make makes making many may
    me might more most much must my need needs no nor not of off on once one ones only onto or other others otherwise
    our out over own per place places please point project repo repository same search second shall she should show
    shown so some somebody someone something somewhere such than that the their them then there these they thing things
    this those though through thus to too toward towards under until unless up upon us very via want wants was way ways
    we were what whatever whats when whenever where wheres whether which while who whoever whom whose why will with
    within without would yet you your yours
    workspace anything anybody nothing nobody explain describe happen happens happened happening actual actually real
    really responsible come comes became become becomes go goes going gone put puts take takes taken taking took bring
    brought instead inside outside again already always never ago still even several two three both another either
    neither since because therefore hence cannot cant dont doesnt isnt arent wasnt really quite rather almost together
    against among between during beyond along around across away back aside apart itself himself themselves
    work works working worked try tries tried want wanted see sees seen saw say says said mean means meant tell tells
    told ask asks asked keep keeps kept keeping turn turned turns down find finds found finding get gets getting got
    stay stays stand stands sit sits lie lies live lives belong belongs
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
    function method class module file line call called caller implement implementation implemented define defined
    definition declare handle handled handling use used uses using usage user users logic part parts piece step
    process processing different difference type types kind value values thing stuff main set sets run runs running name
    names list lists default support decide decided decides determine determined current new old functionality feature
    mechanism enforce perform performed occur apply applied affect involve involved system object objects instance
    variable constant source program library package internal number first last next time way case right whole single
    certain given particular correct properly proper
    функции функция метод класс файл файле реализован реализована определен определена определён используется
"""
WEAK_STEMS = frozenset(stem(word) for word in _WEAK.split())
"""Stems that fit almost any question about code."""

LANGUAGE_HINTS = {
    "c": ("C",),
    "c++": ("C++",),
    "python": ("Python",),
    "javascript": ("JavaScript",),
    "typescript": ("TypeScript",),
    "rust": ("Rust",),
    "golang": ("Go",),
    "java": ("Java",),
}
"""Languages that a question may name: "the C code", "in Python"."""
