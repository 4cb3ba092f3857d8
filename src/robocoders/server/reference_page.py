"""An OpenAPI description as one page to read, without scripts and without other files."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

__all__ = ["reference_page"]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>robocoders: HTTP interface</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }}
code, pre {{ font-family: ui-monospace, monospace; font-size: .9em; }}
pre {{ background: #8882; border-radius: .4rem; overflow-x: auto; padding: .8rem; }}
section {{ border-top: 1px solid #8886; margin-top: 2rem; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ border-bottom: 1px solid #8884; padding: .3rem .6rem; text-align: left; vertical-align: top; }}
</style>
</head>
<body>
<h1>robocoders {version}: HTTP interface</h1>
{description}
<p>The same for programs: <a href="/openapi.json">/openapi.json</a></p>
<ul>
{contents}
</ul>
{operations}
</body>
</html>
"""


def reference_page(description: dict[str, Any]) -> str:
    """Return the page for an OpenAPI description (version 3)."""
    found = list(_operations(description))
    contents = "\n".join(
        f'<li><a href="#{_anchor(method, path)}"><code>{method} {escape(path)}</code></a> '
        f"{_prose(operation.get('summary', ''))}</li>"
        for method, path, operation in found
    )
    paragraphs = description["info"]["description"].split("\n\n")
    return _PAGE.format(
        version=escape(description["info"]["version"]),
        description="\n".join(f"<p>{_prose(paragraph)}</p>" for paragraph in paragraphs),
        contents=contents,
        operations="\n".join(_section(method, path, operation, description) for method, path, operation in found),
    )


def _operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


def _anchor(method: str, path: str) -> str:
    return escape(f"{method}-{path.strip('/').replace('/', '-')}".replace("{", "").replace("}", ""))


def _section(method: str, path: str, operation: dict[str, Any], description: dict[str, Any]) -> str:
    parts = [
        f'<section id="{_anchor(method, path)}">',
        f"<h2><code>{method} {escape(path)}</code></h2>",
        f"<p>{_prose(operation.get('description', ''))}</p>",
        f"<pre>{escape(_example(method, path, operation))}</pre>",
        _table("Parameters", _parameter_rows(operation, description)),
        _table("JSON body", _body_rows(operation)),
        _table("Answers", _answer_rows(operation, description)),
        "</section>",
    ]
    return "\n".join(part for part in parts if part)


def _example(method: str, path: str, operation: dict[str, Any]) -> str:
    words = ["curl", "-N", *(() if method == "GET" else ("-X", method))]
    if "security" in operation:
        words.append('-H "Authorization: Bearer $TOKEN"')
    if "requestBody" in operation:
        words.append("-H 'Content-Type: application/json' -d @body.json")
    return " ".join([*words, f'"$SERVER{path}"'])


def _parameter_rows(operation: dict[str, Any], description: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for given in operation.get("parameters", ()):
        shared: str = given.get("$ref", "")
        parameter = description["components"]["parameters"][shared.rpartition("/")[2]] if shared else given
        need = ", required" if parameter.get("required") else ""
        yield f"{parameter['name']} ({parameter['in']}{need})", parameter.get("description", "")


def _body_rows(operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for media in operation.get("requestBody", {}).get("content", {}).values():
        required = media["schema"].get("required", [])
        for name, schema in media["schema"]["properties"].items():
            need = " (required)" if name in required else ""
            yield f"{name}{need}", schema.get("description", "")


def _answer_rows(operation: dict[str, Any], description: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for status, response in sorted(operation["responses"].items()):
        media = ", ".join(response.get("content", {}))
        fields = "" if status != "200" else _fields(response, description)
        yield f"{status} {media}", f"{response['description']}{fields}"


def _fields(response: dict[str, Any], description: dict[str, Any]) -> str:
    """The names of the fields of a JSON answer, where it is one object."""
    reference: str = response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    if not reference:
        return ""
    schema = description["components"]["schemas"][reference.rpartition("/")[2]]
    return ": " + ", ".join(f"`{name}`" for name in schema["properties"])


def _table(title: str, rows: Iterator[tuple[str, str]]) -> str:
    lines = [f"<tr><td><code>{escape(name)}</code></td><td>{_prose(text)}</td></tr>" for name, text in rows]
    return f"<h3>{title}</h3>\n<table>\n{chr(10).join(lines)}\n</table>" if lines else ""


def _prose(text: str) -> str:
    """Text with `code` in backquotes."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if number % 2 else piece for number, piece in enumerate(pieces))
