from __future__ import annotations

from pathlib import Path

import pytest
from pydantic_ai import Agent

from robocoders.agents.offline.carrying_out import report
from robocoders.agents.offline.fences import spelled_out
from robocoders.agents.offline.model import OfflineModel
from robocoders.agents.offline.policy import Answer, Call, Calls, ToolResult, next_step
from robocoders.agents.offline.texts import ATTACH_LINE
from robocoders.agents.running import Exchange
from robocoders.agents.steps import interrupted_result
from robocoders.events import Event, ReadAction, RecallAction, RecallObservation
from robocoders.wire.codec import encode_event
from tests.agents.plain_seal import PlainSeal
from tests.agents.turns import FILES, Desk, write_files

CALLS = {
    "shop/orders.py": (
        "def place(items):\n    return total(items)\n\n\n"
        'def total(items):\n    """The sum, with taxes.\n\n    More of it.\n    """\n    return sum(items)\n\n\n'
        "def place_all(orders):\n    return [place(order) for order in orders]\n"
    ),
    "tests/test_orders.py": "def test_total():\n    assert total([1]) == 1\n",
    "notes.txt": "Nothing is defined here.\n",
}


async def test_a_greeting_is_answered_with_what_it_can_do(desk: Desk) -> None:
    """Promise: README, offline: who I am, what I can do without a model, the one line that attaches one."""
    outcome = await desk.turn("Hello, how are you?")
    assert outcome.reason == "finished"
    assert "no language model" in outcome.text
    assert ATTACH_LINE in outcome.text
    assert "--workspace DIR" in outcome.text
    assert desk.events == []


async def test_a_question_is_answered_with_places(desk: Desk) -> None:
    """Promise: README, offline: `path:line`, enclosing symbol, excerpt, and the terms searched."""
    outcome = await desk.turn("Where are cookies parsed?", files=FILES)
    assert outcome.reason == "finished"
    assert "1. `shop/cookies.py:1`, in `parse_cookie`" in outcome.text
    assert "for: cookies, parsed." in outcome.text
    assert "```python\n   def parse_cookie(header):" in outcome.text


async def test_a_search_shows_as_action_and_observation(desk: Desk) -> None:
    """Protocol fact: `recall` has `query` and `thought`, its observation `memories`."""
    await desk.turn("Where are cookies parsed?", files=FILES)
    assert desk.names == ["recall", "recall<-1"]
    action, observation = desk.events
    assert isinstance(action, RecallAction)
    assert isinstance(observation, RecallObservation)
    assert action.args.query == "Where are cookies parsed?"
    assert "cookies, parsed" in action.args.thought
    assert observation.extras.memories[0]["path"] == "shop/cookies.py"
    assert set(observation.extras.memories[0]) == {"path", "line", "symbol", "kind", "excerpt"}
    assert "shop/cookies.py:1" in observation.content


async def test_what_is_not_there_is_said_to_be_missing(desk: Desk) -> None:
    """Promise: README, offline: or "No strong match for" the terms."""
    outcome = await desk.turn("Where is the flux capacitor calibrated?", files=FILES)
    assert outcome.reason == "finished"
    assert outcome.text.startswith("No strong match for: flux, capacitor, calibrated.")


async def test_who_calls_something_is_answered_with_the_calls(desk: Desk) -> None:
    """Promise: README, search: who calls X; each call with its place, its function and a few lines."""
    outcome = await desk.turn("Who calls total?", files=CALLS)
    assert outcome.text.startswith("`total` is called in 2 places.")
    assert "1. `shop/orders.py:2`, in `place`" in outcome.text
    assert "2. `tests/test_orders.py:2`, in `test_total`" in outcome.text
    assert isinstance(desk.events[0], RecallAction)
    assert desk.events[0].args.thought == "Calls of total."


async def test_a_name_without_calls_is_said_to_have_none(desk: Desk) -> None:
    """Promise: README, offline: nothing is made up; what mentions the name is shown as just that."""
    outcome = await desk.turn("Who calls place_all()?", files=CALLS)
    assert outcome.text.startswith("I know of no call of `place_all`. The best place, for: place_all.")
    outcome = await desk.turn("Who calls `flux_capacitor`?", files=CALLS)
    assert outcome.text.startswith("No strong match for: flux_capacitor.\n\nI know of no call of `flux_capacitor`.")


async def test_what_is_in_a_file_is_answered_with_its_definitions(desk: Desk) -> None:
    """Promise: README, search: what is in this file; its definitions with their kinds and what is said about them."""
    outcome = await desk.turn("What is in orders.py?", files=CALLS)
    assert outcome.text.startswith("`shop/orders.py` defines, in this order:")
    assert "- `shop/orders.py:1`: function `place`\n" in outcome.text
    assert "- `shop/orders.py:5`: function `total`: The sum, with taxes.\n" in outcome.text
    assert "defines nothing" in (await desk.turn("Describe notes.txt", files=CALLS)).text
    assert (await desk.turn("What is in this file?", files=CALLS)).text.startswith("Which file?")


async def test_more_than_is_shown_is_said(desk: Desk) -> None:
    """Promise: README, search: at most five places; a list that is cut says so."""
    many = "def f():\n    pass\n" + "".join(f"def g{number}():\n    f()\n" for number in range(90))
    outcome = await desk.turn("Who calls f()?", files={"a.py": many})
    assert outcome.text.startswith("`f` is called in more places than these 5; sources come first.")
    assert "`g4`" in outcome.text
    assert "`g5`" not in outcome.text
    assert "\n- and more\n" in (await desk.turn("What is in a.py?", files={"a.py": many})).text


async def test_the_last_question_of_a_conversation_counts(desk: Desk) -> None:
    """Promise: README, provider: history is formatted into the prompt as its users know it."""
    prompt = "User: hello\nAssistant: Hi!\nUser: Where are cookies parsed?\n\nAssistant:"
    assert "shop/cookies.py:1" in (await desk.turn(prompt, files=FILES)).text


async def test_a_repository_is_described_from_its_files(desk: Desk) -> None:
    """Promise: README, offline: languages, layout, entry points, how to build and test, the README's first lines."""
    outcome = await desk.turn("Describe this repository", files={**FILES, "empty/.gitignore": "*\n"})
    assert desk.names[0:2] == ["read", "read<-1"]
    assert [event.args.path for event in desk.events if isinstance(event, ReadAction)] == [
        "./",
        "README.md",
        "Makefile",
        "pyproject.toml",
    ]
    for part in (
        "> # Shop",
        "Languages: ",
        "- `shop/`: 2 files",
        "`shop/__main__.py`",
        "- build and install: `make build` (`Makefile`), `pip install .` (`pyproject.toml`)",
        "It needs Python >=3.11 (`pyproject.toml`).",
        "the command `shop` (`shop:main`)",
        "- test: `make test` (`Makefile`), `pytest` (`pyproject.toml`)",
    ):
        assert part in outcome.text
    assert "badge" not in outcome.text


async def test_an_empty_workspace_is_described_as_empty(desk: Desk) -> None:
    """Promise: ours; nothing is made up where there is nothing."""
    outcome = await desk.turn("Describe this repository", files={})
    assert outcome.text.startswith("This workspace holds 0 files that I read.")
    assert "Languages" not in outcome.text


async def test_commands_are_refused_without_a_seal(desk: Desk) -> None:
    """Promise: README, sealed commands: without a seal it refuses, says what to install, and fakes nothing."""
    outcome = await desk.turn("```sh\nrm -rf x\n```\n```py a.py\nx = 1\n```", files=FILES)
    assert (outcome.reason, desk.names) == ("error", ["run", "error<-1"])
    assert "`rm -rf x` was not carried out: Install bubblewrap first." in outcome.text
    assert "1 further block not carried out" in outcome.text
    without = await desk.turn("```sh\nls\n```")
    assert (without.reason, len(desk.events)) == ("error", 2)
    assert "nothing was run or written" in without.text


async def test_fenced_commands_programs_and_files_are_carried_out(desk: Desk, tmp_path: Path) -> None:
    """Promise: README, offline: fenced blocks are run and written through the tools, and the result is reported."""
    desk.seal = PlainSeal(write_files(tmp_path / "workspace", FILES))
    outcome = await desk.turn(
        "Please:\n```sh\nmkdir made\ncat README.md | tail -1\n```\n```python made/it.py\nprint('```')\n```\nand then\n"
        "~~~python\nimport runpy\nrunpy.run_path('made/it.py')\n~~~\n"
        "```console\n$ echo typed\ntyped\n```\n```json\n{}\n```\n",
        files={},
    )
    assert outcome.reason == "finished"
    assert desk.names == [name for n, name in ((1, "run"), (3, "write"), (5, "run_ipython"), (7, "run"))
                          for name in (name, f"{name}<-{n}")]  # fmt: skip
    assert (tmp_path / "workspace" / "made" / "it.py").read_text() == "print('```')\n"
    assert outcome.text.split("\n\n") == [
        "`mkdir made` and what follows it: exit code 0.",
        "```\nSells things.\n```",
        "`made/it.py`: written, 13 bytes.",
        "The Python program: exit code 0.",
        "````\n```\n````",
        "`echo typed`: exit code 0.",
        "```\ntyped\n```",
        "This was carried out as it is written, without a language model.",
    ]


async def test_the_first_block_that_fails_is_the_last(desk: Desk, tmp_path: Path) -> None:
    """Promise: README, offline: what depends on a failed command is not done, and that is said."""
    desk.seal = PlainSeal(write_files(tmp_path / "workspace", FILES))
    outcome = await desk.turn("```sh\nexit 3\n```\n```py a.py\nx\n```\n```sh\nls\n```", files={})
    assert (outcome.reason, desk.names) == ("finished", ["run", "run<-1"])
    assert "`exit 3`: exit code 3. It wrote nothing." in outcome.text
    assert "2 further blocks not carried out, because of that." in outcome.text
    desk.seal.ends = "memory"
    ended = await desk.turn("```sh\necho `date`\nfalse\n```", files={})
    assert "The command: exit code 1. It was ended because it used more memory" in ended.text


def test_an_interrupted_block_is_reported_with_its_output() -> None:
    """Promise: README, durable turns: a command in flight is reported as interrupted, with its output so far."""
    blocks = spelled_out("```sh\nmake\n```")
    result = ToolResult("run", "", interrupted_result("half of it").data)
    said = report(blocks, [result])
    assert "`make` did not come to its end: Interrupted" in said
    assert "half of it" in said


@pytest.mark.parametrize("prompt", ["Write me a function", "continue", "Where?"])
async def test_what_takes_a_model_says_so(desk: Desk, prompt: str) -> None:
    """Promise: README, offline: anything else ends with reason needs_model."""
    outcome = await desk.turn(prompt, files=FILES)
    assert outcome.reason == "needs_model"
    assert ATTACH_LINE in outcome.text


@pytest.mark.parametrize("prompt", ["Where are cookies parsed?", "Describe this repository"])
async def test_without_a_workspace_it_says_how_to_give_one(desk: Desk, prompt: str) -> None:
    """Promise: README, offline: no workspace: says so and how to give one."""
    outcome = await desk.turn(prompt)
    assert (outcome.reason, desk.events) == ("finished", [])
    assert "--workspace DIR" in outcome.text


@pytest.mark.parametrize("prompt", ["Where are cookies parsed?", "Describe this repository"])
async def test_a_workspace_that_vanished_is_an_error(desk: Desk, tmp_path: Path, prompt: str) -> None:
    """Promise: README, faults: a workspace that is missing or unreadable."""
    assert (await desk.turn("hi", files=FILES)).reason == "finished"

    class Vanishing(Desk):
        async def emit(self, event: Event) -> int:
            if (tmp_path / "workspace").exists():
                (tmp_path / "workspace").rename(tmp_path / "moved")
            return await desk.emit(event)

    outcome = await Vanishing(tmp_path).turn(prompt, files=FILES)
    assert outcome.reason == "error"
    assert "could not be searched" in outcome.text
    assert desk.names[-1].startswith("error<-")


async def test_earlier_turns_do_not_confuse_it(desk: Desk) -> None:
    """Promise: ours; the last prompt is the question."""
    history = [Exchange("Hello", "Hello!"), Exchange("Where are cookies parsed?", "There.")]
    assert (await desk.turn("Write a poem", history=history)).reason == "needs_model"


async def test_odd_names_can_be_sent(desk: Desk) -> None:
    """Promise: ours; names with newlines or bytes that are no UTF-8 survive."""
    outcome = await desk.turn("Where is the apple?", files={"\udcff\nx.py": "def apple(): pass\n"})
    assert '`"\\377\\nx.py":1`' in outcome.text
    assert all(encode_event(event) for event in desk.events)


async def test_an_answer_can_be_streamed() -> None:
    """Promise: ours; the offline model is a whole model of the library, streaming included."""
    async with Agent(OfflineModel()).run_stream("Hello") as result:
        assert "no language model" in await result.get_output()


async def test_usage_is_told(desk: Desk) -> None:
    """Promise: ours; the offline model uses no tokens and costs nothing."""
    outcome = await desk.turn("Where are cookies parsed?", files=FILES)
    assert outcome.usage == {"requests": 2, "tool_calls": 1, "input_tokens": 0, "output_tokens": 0}
    assert outcome.cost_micro_usd == 0


def test_the_policy_reads_tools_as_data() -> None:
    """Promise: ours; the policy is pure, from the prompt and what the tools returned."""
    tools = frozenset({"list", "read", "search"})
    assert next_step("Describe this repository", [], tools) == Calls(
        [Call("list", {"path": ".", "recursive": True, "thought": "What is in this workspace."})]
    )
    listing = ToolResult("list", "", {"entries": [], "files": [], "file_count": 0, "language_bytes": {}})
    assert isinstance(next_step("Describe this repository", [listing], tools), Answer)
    fence = {
        "places": [{"path": "a.md", "line": 1, "symbol": "", "excerpt": "```\nx\n```"}],
        "terms": ["x"],
        "strong": True,
    }
    step = next_step("Where is apple?", [ToolResult("search", "", fence)], tools)
    assert isinstance(step, Answer)
    assert "````markdown" in step.text
    assert step.text.startswith("The best place, for: x.")


def test_the_model_names_itself() -> None:
    """Promise: README, offline: it is a model of its own."""
    assert (OfflineModel().model_name, OfflineModel().system) == ("offline", "robocoders")
