"""Languages by file name."""

from __future__ import annotations

__all__ = ["fence_name", "language_of", "suffix_of"]

_SUFFIXES = {
    "Python": "py pyi pyw",
    "JavaScript": "js jsx mjs cjs",
    "TypeScript": "ts mts cts",
    "TSX": "tsx",
    "Go": "go",
    "Rust": "rs",
    "Java": "java",
    "Kotlin": "kt kts",
    "C#": "cs",
    "C": "c h",
    "C++": "cc cpp cxx hh hpp hxx ipp inl",
    "Ruby": "rb rake",
    "PHP": "php",
    "Swift": "swift",
    "Scala": "scala",
    "Lua": "lua",
    "Perl": "pl pm",
    "Elixir": "ex exs",
    "Shell": "sh bash zsh fish ksh",
    "SQL": "sql",
    "Markdown": "md markdown mdx",
    "reStructuredText": "rst",
    "Text": "txt adoc",
    "HTML": "html htm vue svelte jinja j2",
    "CSS": "css scss sass less",
    "TOML": "toml",
    "YAML": "yaml yml",
    "JSON": "json jsonc json5",
    "INI": "ini cfg conf",
    "XML": "xml",
    "Makefile": "mk mak",
}
_BY_SUFFIX = {suffix: language for language, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
_BY_NAME = {
    "makefile": "Makefile",
    "gnumakefile": "Makefile",
    "justfile": "Makefile",
    "dockerfile": "Dockerfile",
    "rakefile": "Ruby",
    "gemfile": "Ruby",
}
_FENCES = {"C++": "cpp", "C#": "csharp", "Shell": "sh", "Text": "", "reStructuredText": "rst"}


def suffix_of(path: str) -> str:
    """The suffix of a path in lower case, without the dot; empty where there is none."""
    name = path.rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    return suffix.lower() if dot and stem else ""


def language_of(path: str) -> str | None:
    """The language a file of that name is written in, None where it is not known."""
    name = path.rpartition("/")[2].lower()
    return _BY_NAME.get(name) or _BY_SUFFIX.get(suffix_of(path))


def fence_name(path: str) -> str:
    """What stands after the backquotes of a Markdown block with text of that file."""
    language = language_of(path.strip('"'))
    return "" if language is None else _FENCES.get(language, language.lower())
