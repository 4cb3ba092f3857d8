from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.agents.offline.prompts import Intent, last_user_message, understand

GREETINGS = [
    "Hello, how are you?",
    "hi",
    "Hey there!",
    "Good morning, my dear friend",
    "Привет! Как дела?",
    "Hallo, wie geht's?",
    "¿Hola, qué tal?",
    "Who are you?",
    "What can you do?",
    "help",
    "What’s up?",
    "User: hi\nAssistant: Hello!\nUser: how are you?\n\nAssistant:",
]
OVERVIEWS = [
    "Describe this repository",
    "What does this project do?",
    "How do I build and run this?",
    "How do I run the tests?",
    "Which languages is this written in?",
    "Give me an overview of the codebase",
    "Please explain this code base to me.",
    "Опиши этот проект",
]
PLACES = [
    "Where is the credential cache written?",
    "where are tests of cookies",
    "What parses the URL?",
    "Who calls run_turn?",
    "How are cookies parsed?",
    "Can you tell me where the port is bound?",
    "Find the retry policy",
    "In the client, where are cookies parsed?",
    "Is there a retry policy?",
    "Где пишется кэш?",
    "Что такое Workspace?",
    "Как разбирается адрес?",
    "Кто вызывает run_turn?",
    "Wo wird der Cache geschrieben?",
    "CredentialCache.save",
    "`run_turn()`",
    "Explain how the index is refreshed",
    "What does this project do about cookies?",
]
OTHERS = [
    "Write me a function that sorts",
    "Can you run the tests?",
    "Please fix the bug in the parser",
    "Why is the sky blue?",
    "Почему не работает?",
    "Could you refactor this?",
    "banana",
    "I like your work.",
    "continue",
    "",
    "???",
    "please",
    "Напиши функцию",
]


@pytest.mark.parametrize(
    ("prompt", "intent"),
    [
        *((prompt, Intent.GREETING) for prompt in GREETINGS),
        *((prompt, Intent.OVERVIEW) for prompt in OVERVIEWS),
        *((prompt, Intent.PLACES) for prompt in PLACES),
        *((prompt, Intent.OTHER) for prompt in OTHERS),
    ],
)
def test_a_prompt_is_sorted_by_its_words(prompt: str, intent: Intent) -> None:
    """Promise: README, offline: it greets, describes a repository, answers where, what, who and how."""
    assert understand(prompt).intent is intent


@pytest.mark.parametrize(
    ("prompt", "commands", "files"),
    [
        ("Run this:\n```sh\nls\n```", 1, ()),
        ("```python\nprint(1)\n```\nand\n~~~bash\nls\n~~~", 2, ()),
        ("```python src/app.py\nx = 1\n```", 0, ("src/app.py",)),
        ('```py title="a/b.py"\nx = 1\n```\n```sh\nls\n```', 1, ("a/b.py",)),
        ("``` Makefile\nall:\n```", 0, ("Makefile",)),
    ],
)
def test_what_is_spelled_out_in_fences_is_seen(prompt: str, commands: int, files: tuple[str, ...]) -> None:
    """Promise: README, offline: fenced commands and fenced files with a name."""
    request = understand(prompt)
    assert request.intent is Intent.SPELLED_OUT
    assert sum(block.kind != "file" for block in request.blocks) == commands
    assert tuple(block.name for block in request.blocks if block.kind == "file") == files


@pytest.mark.parametrize("line", ["```x\n", "~~~\n```\n", "```" + "a" * 400 + "\n", "a.b/", "User: "])
def test_a_million_characters_of_anything_are_understood(line: str) -> None:
    """Promise: a prompt has at most 1,000,000 characters, and any such prompt is answered."""
    assert isinstance(understand((line * 1_000_000)[:1_000_000]).intent, Intent)


def test_other_fences_are_part_of_the_question() -> None:
    """Promise: ours; a pasted log is nothing to run."""
    assert understand("Where does this come from?\n```\nKeyError: x\n```").intent is Intent.PLACES
    assert understand("```json\n{}\n```").intent is Intent.OTHER


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("User: a\nAssistant: b\nUser: where is c?\n\nAssistant:", "where is c?"),
        ("System: be nice\nUser: one\ntwo\nAssistant:", "one\ntwo"),
        ("plain", "plain"),
        ("User: not open", "User: not open"),
        ("Assistant:", "Assistant:"),
        ("System: only\nAssistant:", "System: only\nAssistant:"),
    ],
)
def test_the_last_thing_the_user_said_is_the_question(prompt: str, said: str) -> None:
    """Promise: README, provider: history is formatted into the prompt as its users know it."""
    assert last_user_message(prompt) == said


@given(st.text(max_size=200))
def test_any_prompt_is_understood_somehow(prompt: str) -> None:
    """Promise: ours; no prompt breaks the offline model."""
    assert understand(prompt).intent in Intent
