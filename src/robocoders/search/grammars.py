"""How definitions begin, language by language, as regular expressions.

In each expression a group whose name begins with `name` is the defined name (`name_constant` that of a value), `kind`
the word that says what it is, and `level` the marks of a heading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Grammar", "grammar_of"]

_KEYWORDS = frozenset(
    {
        "if",
        "for",
        "while",
        "switch",
        "catch",
        "return",
        "function",
        "else",
        "do",
        "try",
        "new",
        "throw",
        "await",
        "sizeof",
    }
    | {"elif", "with", "super", "using", "delete", "case", "defined", "match", "loop", "unless", "until", "foreach"}
)
_CONTAINERS = frozenset(
    {"class", "interface", "trait", "impl", "mod", "module", "namespace", "struct", "enum", "object", "record", "union"}
    | {"extension", "protocol", "actor"}
)


@dataclass(frozen=True, slots=True)
class Grammar:
    """How the definitions of a language look.

    Args:
        definition: Matches a line that begins a definition, from the line's beginning.
        transparent: A line that begins with one of these characters ends no definition.
        has_long_strings: Whether text between triple quotes may stand at any indentation.
        levels: Whether definitions are headings of a level instead of indented blocks.
        keywords: Words that look like a defined name to the expression, and are none.
    """

    definition: re.Pattern[str]
    transparent: str = ")]}{#/*"
    has_long_strings: bool = False
    levels: bool = False
    keywords: frozenset[str] = _KEYWORDS

    @staticmethod
    def is_constant(match: re.Match[str]) -> bool:
        """Whether a definition gives a name to a value."""
        return bool(match.groupdict().get("name_constant"))

    @staticmethod
    def is_container(match: re.Match[str]) -> bool:
        """Whether a definition's members are definitions in their own right."""
        return (match.groupdict().get("kind") or "").strip() in _CONTAINERS


_PYTHON = Grammar(
    re.compile(
        r"\s*(?:async\s+)?(?P<kind>def|class)\s+(?P<name>\w+)|(?P<name_constant>[A-Za-z_]\w*)\s*(?::[^=#]+)?=(?!=)"
        r"|type\s+(?P<name_type>\w+)"
    ),
    transparent=")]}#",
    has_long_strings=True,
)
_JAVASCRIPT = Grammar(
    re.compile(
        r"\s*(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?"
        r"(?P<kind>function\s*\*?|class|interface|enum|namespace|module|type)\s+(?P<name>[\w$]+)"
        r"|\s*(?:export\s+)?(?:const|let|var)\s+(?P<name_value>[\w$]+)\s*(?::[^=]+)?=\s*"
        r"(?:async\s*)?(?:function\b|\([^)]*\)\s*(?::[^=]+)?=>|[\w$]+\s*=>|\($)"
        r"|(?:export\s+)?(?:const|let|var)\s+(?P<name_constant>[\w$]+)"
        r"|\s*(?:exports|module\.exports|[\w$]+\.prototype|[\w$]+)\.(?P<name_property>[\w$]+)\s*=\s*(?:async\s+)?function\b"
        r"|\s+(?:(?:public|private|protected|static|readonly|override|abstract|async|get|set)\s+)*"
        r"(?P<name_method>[#\w$]+)\s*(?:<[^>]*>)?\([^;]*\)?\s*(?::\s*[^={]+)?\{\s*$"
        r"|\s+(?:(?:public|private|protected|static|readonly)\s+)*(?P<name_arrow>[#\w$]+)\s*=\s*(?:async\s*)?\([^)]*\)\s*=>"
    )
)
_GO = Grammar(
    re.compile(
        r"func\s+(?:\([^)]*\)\s*)?(?P<name>\w+)|type\s+(?P<name_type>\w+)|(?:const|var)\s+(?P<name_constant>\w+)"
    )
)
_RUST = Grammar(
    re.compile(
        r"\s*(?:pub(?:\([^)]*\))?\s+)?(?:(?:async|const|unsafe|default|extern(?:\s+\"[^\"]*\")?)\s+)*fn\s+(?P<name>\w+)"
        r"|\s*(?P<kind>impl)\b(?:<[^>]*>)?\s+(?:[^{]*\bfor\s+)?(?:&|dyn\s+|\w+::)*(?P<name_impl>\w+)"
        r"|\s*(?:pub(?:\([^)]*\))?\s+)?(?:unsafe\s+)?(?:struct|enum|trait|mod|union|type|const|static)\s+(?:mut\s+)?"
        r"(?P<name_type>\w+)"
        r"|\s*macro_rules!\s+(?P<name_macro>\w+)"
    )
)
_JAVA = Grammar(
    re.compile(
        r"\s*(?:(?:public|private|protected|internal|static|final|abstract|sealed|open|data|partial|export)\s+)*"
        r"(?P<kind>class|interface|enum|record|object|namespace|struct|@interface)\s+(?P<name>[\w.]+)"
        r"|\s*(?:(?:public|private|protected|internal|override|suspend|inline|open)\s+)*fun\s+(?:<[^>]*>\s*)?"
        r"(?:[\w<>?]+\.)?(?P<name_fun>\w+)"
        r"|\s+(?!(?:return|new|throw|else|await|case|yield)\b)"
        r"(?:(?:public|private|protected|internal|static|final|abstract|synchronized|native|default|override|virtual|async"
        r"|sealed|unsafe)\s+)*(?:<[^>]+>\s+)?[\w<>\[\],.?]+(?:\s*<[^()]*>)?(?:\[\])*\s+(?P<name_method>\w+)\s*\([^;]*$"
        r"|\s+(?:public|private|protected)\s+(?P<name_constructor>\w+)\s*\([^;]*$"
    )
)
_C = Grammar(
    re.compile(
        r"(?:typedef\s+)?(?P<kind>struct|class|enum|union|namespace)\s+(?:class\s+)?(?:[A-Z_]+\s+)?(?P<name>\w+)[^;(]*$"
        r"|#\s*define\s+(?P<name_constant>\w+)"
        r"|(?!typedef\b|return\b|else\b|using\b|extern\s+\")[A-Za-z_][\w\s*&:<>,~\[\]]*?"
        r"(?P<name_function>~?\b\w+(?:::~?\w+)*)\s*\([^;]*$"
        r"|\s+(?!return\b|else\b|new\b|throw\b|delete\b|case\b)(?:[\w:<>,]+[\s*&]+)+(?P<name_method>~?\w+)\s*\([^;]*\{\s*$"
    )
)
_SHELL = Grammar(
    re.compile(r"\s*(?:function\s+)?(?P<name>[\w:.-]+)\s*\(\)|\s*function\s+(?P<name_function>[\w:.-]+)"),
    transparent=")]}#",
)
_OTHER_BLOCKS = Grammar(
    re.compile(
        r"\s*(?:(?:public|private|protected|static|final|abstract|async|override|local|pub|open|mutating|sealed|case"
        r"|implicit|export)\s+)*(?P<kind>defp?|class|module|defmodule|func|function|fun|sub|interface|struct|enum|trait"
        r"|protocol|extension|object|actor)\s+(?:self\.)?(?P<name>[\w.:?!]+)"
    )
)
_SQL = Grammar(
    re.compile(
        r"\s*create\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+)?(?:unique\s+)?"
        r"(?:table|view|index|function|trigger|procedure|type)\s+(?:if\s+not\s+exists\s+)?(?P<name>[\w.\"`]+)",
        re.IGNORECASE,
    ),
    transparent=")",
)
_MARKDOWN = Grammar(re.compile(r"(?P<level>#{1,6})\s+(?P<name>.+?)\s*#*$"), levels=True, keywords=frozenset())
_SECTIONS = Grammar(re.compile(r"(?P<level>\[)\[?(?P<name>[^\[\]]+)\]"), levels=True, keywords=frozenset())
_YAML = Grammar(re.compile(r"(?P<level>)(?P<name>[A-Za-z_][\w.-]*):"), levels=True, keywords=frozenset())
_MAKE = Grammar(re.compile(r"(?P<level>)(?P<name>[A-Za-z_][\w./-]*)\s*:(?!=)"), levels=True, keywords=frozenset())

_GRAMMARS = {
    "Python": _PYTHON,
    "JavaScript": _JAVASCRIPT,
    "TypeScript": _JAVASCRIPT,
    "Go": _GO,
    "Rust": _RUST,
    "Java": _JAVA,
    "Kotlin": _JAVA,
    "C#": _JAVA,
    "C": _C,
    "C++": _C,
    "Shell": _SHELL,
    "Ruby": _OTHER_BLOCKS,
    "PHP": _OTHER_BLOCKS,
    "Swift": _OTHER_BLOCKS,
    "Scala": _OTHER_BLOCKS,
    "Lua": _OTHER_BLOCKS,
    "Perl": _OTHER_BLOCKS,
    "Elixir": _OTHER_BLOCKS,
    "SQL": _SQL,
    "Markdown": _MARKDOWN,
    "TOML": _SECTIONS,
    "INI": _SECTIONS,
    "YAML": _YAML,
    "Makefile": _MAKE,
}


def grammar_of(language: str | None) -> Grammar | None:
    """The grammar of a language, None where there is none."""
    return _GRAMMARS.get(language or "")
