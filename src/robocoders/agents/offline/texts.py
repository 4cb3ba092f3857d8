"""What the model `offline` says in words of its own. It never says more than is true of it."""

from __future__ import annotations

__all__ = [
    "ATTACH_LINE",
    "count",
    "greeting",
    "needs_model",
    "nothing_to_search",
    "nowhere_to_work",
    "unavailable_workspace",
    "workspace_missing",
]

ATTACH_LINE = "robocoders serve --model openai:NAME"
"""The one line that attaches a language model."""

_ATTACH = (
    f"To attach a language model: `{ATTACH_LINE}`, or set `ROBOCODERS_MODEL=openai:NAME` "
    "(`anthropic:NAME`, `ollama:NAME` and others work the same way)."
)

_ABILITIES = (
    "- answer where, what, who and how questions about a workspace with places: file, line, enclosing symbol and "
    "excerpt;\n"
    "- describe a repository: languages, layout, entry points, how to build, run and test it;\n"
    "- run fenced `sh` and `python` blocks and write fenced files that have a name, as they are written."
)


def greeting(agent_has_workspace: bool) -> str:  # noqa: FBT001 - one fact, named by the caller
    """Who is speaking, what it can do without a model, and how to attach one."""
    hint = (
        'Ask me something about your workspace, for instance "Where is the configuration read?"'
        if agent_has_workspace
        else "This session has no workspace yet; give it one with `--workspace DIR`."
    )
    return (
        "Hello! I am a robocoders agent, running on the built-in model `offline`. It is no language model: "
        "it searches, reads and does what is spelled out, and nothing leaves this machine.\n\n"
        f"Without a language model I can\n\n{_ABILITIES}\n\n{hint}\n\n{_ATTACH}"
    )


def needs_model() -> str:
    """For a request that only a language model could carry out."""
    return (
        "This takes a language model, and none is attached: the built-in model `offline` only searches, reads and does "
        "what is spelled out.\n\n"
        f"Without one I can\n\n{_ABILITIES}\n\n{_ATTACH}"
    )


def workspace_missing() -> str:
    """For a question about a workspace where the session has none."""
    return (
        "This session has no workspace, so there is nothing to search. Give it one with `--workspace DIR`, "
        'for instance `robocoders ask --workspace . "Where is the configuration read?"`.\n\n'
        f"Questions that are not about files take a language model. {_ATTACH}"
    )


def unavailable_workspace(error: str) -> str:
    """For a workspace that a tool could not use."""
    return f"The workspace could not be searched: {error}"


def nothing_to_search() -> str:
    """For a question in which no word is left that could be searched for."""
    return (
        "I see no word in this question that I could search the workspace for. Name something in the code: "
        f"a file, a function, a term.\n\nTo have it understood takes a language model. {_ATTACH}"
    )


def nowhere_to_work() -> str:
    """For commands and files where the session has no workspace."""
    return (
        "This session has no workspace, so there is nowhere to run commands or write files; nothing was run or "
        "written. Give it one with `--workspace DIR`."
    )


def count(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
