from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from robocoders.testing.scripted_model import ScriptedModel, Step, ToolCall
from tests.compat import other_scripts
from tests.compat.openai_clients import Starter
from tests.compat.openai_turns import RIGHT
from tests.support.openai_chat import scripted
from tests.support.service import RunningService, running_service

pytestmark = pytest.mark.unmeasured

ProgramOf = Callable[[str], Starter]

_REGISTRY = pytest.mark.needs_registry
_NODE = [_REGISTRY, pytest.mark.needs_node]


@pytest.mark.needs_registry
@pytest.mark.needs_node
def test_the_library_for_node_speaks_both_dialects(program_of: ProgramOf, service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, use it from OpenAI's library for Node.js: both dialects, streams, errors."""
    with program_of("node").started(other_scripts.NODE, service, token) as program:
        assert program.heard() == ["GeneralCodingAgent", "RepoAgent", "FrontEndAgent"]
        sid, *whole = program.heard()
        assert whole == ["You said: hello", "stop"]
        assert program.heard() == ["delta", "You said: "]
        assert service.send("GET", f"/sessions/{sid}", token=token).json["state"] == "running"
        service.turns.go_on.set()
        assert program.rest() == [
            ["delta", "speak"],
            ["end", "stop"],
            ["completed", "You said: hello"],
            ["First.\n\nSecond.", "First.\n\nSecond."],
            ["AuthenticationError", "invalid_api_key"],
            ["NotFoundError", "model_not_found"],
            ["InternalServerError", "turn_failed"],
        ]
    assert [turn.prompt for turn in service.turns.seen].count("fail") == 1


@pytest.mark.needs_registry
def test_litellm_gets_answers_errors_and_calls_of_its_tools(
    program_of: ProgramOf, service: RunningService, token: str
) -> None:
    """Promise: docs/openai.md, use it from LiteLLM: both dialects, streams, withdrawn text, tools, errors."""
    with program_of("litellm").started(other_scripts.LITELLM, service, token) as program:
        assert program.heard() == "shown"
        service.turns.go_on.set()
        *_, (ended, _), whole, streamed, response, weather, unknown, missing, failed = program.rest()
    assert ended == "error"
    assert whole == ["You said: hello", "stop"]
    assert streamed == ["First.\n\nSecond.", "stop"]
    assert response == "You said: hello"
    assert weather == "Rome: sun, Oslo: sun"
    assert [unknown, missing, failed] == ["AuthenticationError", "NotFoundError", "InternalServerError"]
    assert [turn.prompt for turn in service.turns.seen].count("fail") == 1


@pytest.mark.needs_registry
@pytest.mark.parametrize("dialect", ["chat", "responses"])
def test_langchain_gets_whole_and_streamed_answers(
    dialect: str, program_of: ProgramOf, service: RunningService, token: str
) -> None:
    """Promise: docs/openai.md, use it from LangChain: whole, streamed, errors."""
    langchain = program_of("langchain-openai")
    with langchain.started(other_scripts.LANGCHAIN, service, token, DIALECT=dialect) as program:
        assert program.rest() == [
            ["You said: hello", 0],
            "First.\n\nSecond.",
            "OpenAIAuthenticationError",
            "OpenAIModelNotFoundError",
        ]


@pytest.mark.needs_registry
def test_g4f_gets_whole_and_streamed_answers(program_of: ProgramOf, service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, use it from g4f: its provider for custom addresses, whole and streamed."""
    with program_of("g4f").started(other_scripts.G4F, service, token) as program:
        assert program.rest() == [
            ["You said: hello", "stop"],
            "First.\n\nSecond.",
            ["GeneralCodingAgent", "RepoAgent", "FrontEndAgent"],
            "MissingAuthError",
            "ResponseError",
        ]


_SUN = "Sun in both."
_TOOLS = [
    pytest.param(("node", "", other_scripts.NODE_TOOLS), [_SUN, [2, _SUN]], id="node", marks=_NODE),
    pytest.param(("llm", "", other_scripts.LLM_TOOLS), [f"I look. {_SUN}"], id="llm", marks=_REGISTRY),
    *(
        pytest.param(
            ("langchain-openai", dialect, other_scripts.LANGCHAIN_TOOLS),
            [[4, _SUN]],
            id=f"langchain-{dialect}",
            marks=_REGISTRY,
        )
        for dialect in ("chat", "responses")
    ),
    *(
        pytest.param(("pydantic-ai", dialect, other_scripts.PYDANTIC_AI_TOOLS), [_SUN], id=f"pydantic-ai-{dialect}")
        for dialect in ("chat", "responses")
    ),
]


@pytest.mark.parametrize(("case", "said"), _TOOLS)
def test_tools_make_a_round_trip(
    case: tuple[str, str, str], said: list[object], program_of: ProgramOf, tmp_path: Path
) -> None:
    """Promise: docs/openai.md, tools of the client's, by the means that each library has for them."""
    client, dialect, script = case
    calls = [ToolCall("get_weather", {"city": city}) for city in ("Rome", "Oslo")]
    model = ScriptedModel([Step(text="I look.", calls=calls), _SUN] * 2)
    with running_service(tmp_path / "data", make_engine=scripted(model)) as service:
        token = service.token()
        with program_of(client).started(script, service, token, DIALECT=dialect) as program:
            assert program.rest() == said
        sessions = service.send("GET", "/sessions", token=token).json["sessions"]
    assert {session["turns"] for session in sessions} == {1}
    assert len(model.requests) == 2 * len(said)
    assert "Oslo: sun" in repr(model.requests[-1])


_WITHDRAWN = [
    pytest.param(("node", "chat", other_scripts.NODE_WITHDRAWN), id="node-chat", marks=_NODE),
    pytest.param(("node", "responses", other_scripts.NODE_WITHDRAWN), id="node-responses", marks=_NODE),
    pytest.param(("langchain-openai", "chat", other_scripts.LANGCHAIN_WITHDRAWN), id="langchain", marks=_REGISTRY),
    pytest.param(("llm", "chat", other_scripts.LLM_WITHDRAWN), id="llm", marks=_REGISTRY),
    pytest.param(("g4f", "chat", other_scripts.G4F_WITHDRAWN), id="g4f", marks=_REGISTRY),
    pytest.param(("pydantic-ai", "chat", other_scripts.PYDANTIC_AI_WITHDRAWN), id="pydantic-ai"),
]


@pytest.mark.parametrize("case", _WITHDRAWN)
def test_a_withdrawn_text_is_never_the_answer(
    case: tuple[str, str, str], program_of: ProgramOf, service: RunningService, token: str
) -> None:
    """Promise: docs/openai.md, withdrawn text: an error, or the right text, in every client."""
    client, dialect, script = case
    with program_of(client).started(script, service, token, DIALECT=dialect, PROMPT="ramble") as program:
        assert program.heard() == "shown"
        service.turns.go_on.set()
        last = program.rest()[-1]
    assert last[0] == "error" if dialect == "chat" else last == ["text", RIGHT], last
