"""Programs made with other libraries that speak OpenAI's dialects, as text, since each runs where its library is.

Each says line by line, in JSON, what its user would see. Those that show a text which is withdrawn say `shown` first,
and `["error", ...]` or `["text", THE WHOLE]` in the end.
"""

from __future__ import annotations

_SAY = """\
import json


def say(*things):
    print(json.dumps(things[0] if len(things) == 1 else things), flush=True)


def watched(pieces):
    text = ""
    try:
        for piece in pieces:
            if piece:
                say("shown")
                text += piece
    except Exception as error:
        say("error", type(error).__name__)
    else:
        say("text", text)


"""

_WEATHER = """\
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
"""

NODE = """\
import { stdin } from "node:process";
import OpenAI from "openai";

const say = (...things) => console.log(JSON.stringify(things.length === 1 ? things[0] : things));
const client = new OpenAI();
const asked = (content) => ({ model: "RepoAgent", messages: [{ role: "user", content }] });

say((await client.models.list()).data.map((model) => model.id));
const { data, response } = await client.chat.completions.create(asked("hello")).withResponse();
const sid = response.headers.get("X-Session-ID");
say(sid, data.choices[0].message.content, data.choices[0].finish_reason);

let end;
const headers = { "X-Session-ID": sid };
for await (const chunk of await client.chat.completions.create({ ...asked("speak"), stream: true }, { headers })) {
  const text = chunk.choices[0].delta.content;
  if (text) say("delta", text);
  end = chunk.choices[0].finish_reason;
}
say("end", end);

const first = await client.responses.create({ model: "RepoAgent", input: "hello" });
say(first.status, first.output_text);
const next = client.responses.stream({ model: "RepoAgent", input: "twice", previous_response_id: first.id });
let text = "";
next.on("response.output_text.delta", (event) => (text += event.delta));
say((await next.finalResponse()).output_text, text);

for (const call of [
  () => new OpenAI({ apiKey: "wrong" }).models.list(),
  () => client.chat.completions.create({ ...asked("hello"), model: "gpt-5" }),
  () => client.chat.completions.create(asked("fail")),
]) {
  await call().catch((error) => say(error.constructor.name, error.code));
}
"""

NODE_TOOLS = """\
import OpenAI from "openai";

const say = (...things) => console.log(JSON.stringify(things.length === 1 ? things[0] : things));
const client = new OpenAI();
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tool = { name: "get_weather", description: "The weather of a city", parameters };
const question = "How is the weather in Rome and in Oslo?";

const runner = client.chat.completions.runTools({
  model: "RepoAgent",
  stream: true,
  messages: [{ role: "user", content: question }],
  tools: [
    { type: "function", function: { ...tool, parse: JSON.parse, function: ({ city }) => `${city}: sun` } },
  ],
});
say(await runner.finalContent());

const first = await client.responses.create({
  model: "RepoAgent",
  input: question,
  tools: [{ type: "function", strict: false, ...tool }],
});
const results = first.output
  .filter((item) => item.type === "function_call")
  .map(({ call_id, arguments: given }) => ({
    type: "function_call_output",
    call_id,
    output: `${JSON.parse(given).city}: sun`,
  }));
const second = await client.responses.create({
  model: "RepoAgent",
  input: results,
  previous_response_id: first.id,
});
say(results.length, second.output_text);
"""

NODE_WITHDRAWN = """\
import OpenAI from "openai";

const say = (...things) => console.log(JSON.stringify(things.length === 1 ? things[0] : things));
const client = new OpenAI();
if (DIALECT === "chat") {
  let text = "";
  try {
    const messages = [{ role: "user", content: PROMPT }];
    for await (const chunk of await client.chat.completions.create({ model: "RepoAgent", messages, stream: true })) {
      const piece = chunk.choices[0].delta.content;
      if (piece) {
        say("shown");
        text += piece;
      }
    }
    say("text", text);
  } catch (error) {
    say("error", error.code);
  }
} else {
  const stream = client.responses.stream({ model: "RepoAgent", input: PROMPT });
  stream.on("response.output_text.delta", () => say("shown"));
  say("text", (await stream.finalResponse()).output_text);
}
"""

LITELLM = (
    _SAY
    + _WEATHER
    + """
import litellm

litellm.suppress_debug_info = True


def asked(text):
    return {"model": "openai/RepoAgent", "messages": [{"role": "user", "content": text}]}


stream = litellm.completion(**asked("ramble"), stream=True)
watched(chunk.choices[0].delta.content for chunk in stream)

whole = litellm.completion(**asked("hello"))
say(whole.choices[0].message.content, whole.choices[0].finish_reason)
pieces = list(litellm.completion(**asked("twice"), stream=True))
say("".join(piece.choices[0].delta.content or "" for piece in pieces), pieces[-1].choices[0].finish_reason)
say(litellm.responses(model="openai/RepoAgent", input="hello").output[0].content[0].text)

messages = asked("weather")["messages"]
said = litellm.completion(model="openai/RepoAgent", messages=messages, tools=[TOOL]).choices[0].message
messages.append(said)
for call in said.tool_calls:
    city = json.loads(call.function.arguments)["city"]
    messages.append({"role": "tool", "tool_call_id": call.id, "content": city + ": sun"})
say(litellm.completion(model="openai/RepoAgent", messages=messages, tools=[TOOL]).choices[0].message.content)

for wrong in ({**asked("hello"), "api_key": "wrong"}, {**asked("hello"), "model": "openai/gpt-5"}, asked("fail")):
    try:
        litellm.completion(**wrong)
    except Exception as error:
        say(type(error).__name__)
"""
)

LANGCHAIN = (
    _SAY
    + """
from langchain_openai import ChatOpenAI

model = ChatOpenAI(model="RepoAgent", use_responses_api=DIALECT == "responses")
answer = model.invoke("hello")
say(answer.text, answer.usage_metadata["total_tokens"])
say("".join(piece.text for piece in model.stream("twice")))
for wrong in ({"api_key": "wrong"}, {"model": "gpt-5"}):
    try:
        ChatOpenAI(**{"model": "RepoAgent", **wrong}).invoke("hello")
    except Exception as error:
        say(type(error).__name__)
"""
)

LANGCHAIN_TOOLS = (
    _SAY
    + """
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI


@tool
def get_weather(city: str) -> str:
    "The weather of a city."
    return city + ": sun"


model = ChatOpenAI(model="RepoAgent", use_responses_api=DIALECT == "responses").bind_tools([get_weather])
messages = [HumanMessage("How is the weather in Rome and in Oslo?")]
messages.append(model.invoke(messages))
messages += [get_weather.invoke(call) for call in messages[-1].tool_calls]
say(len(messages), model.invoke(messages).text)
"""
)

LANGCHAIN_WITHDRAWN = (
    _SAY
    + """
from langchain_openai import ChatOpenAI

watched(piece.text for piece in ChatOpenAI(model="RepoAgent").stream(PROMPT))
"""
)

G4F = (
    _SAY
    + """
import os

from g4f.client import Client
from g4f.Provider import Custom

server = {"base_url": os.environ["OPENAI_BASE_URL"], "api_key": os.environ["OPENAI_API_KEY"]}
client = Client(provider=Custom, **server)


def asked(text):
    return {"model": "RepoAgent", "messages": [{"role": "user", "content": text}]}


whole = client.chat.completions.create(**asked("hello"))
say(whole.choices[0].message.content, whole.choices[0].finish_reason)
pieces = [chunk.choices[0].delta.content for chunk in client.chat.completions.create(**asked("twice"), stream=True)]
say("".join(filter(None, pieces)))
say(list(Custom.get_models(**server)))
for wrong in ({"api_key": "wrong"}, {}):
    try:
        Client(provider=Custom, **{**server, **wrong}).chat.completions.create(**{**asked("hello"), "model": "gpt-5"})
    except Exception as error:
        say(type(error).__name__)
"""
)

G4F_WITHDRAWN = (
    _SAY
    + """
import os

from g4f.client import Client
from g4f.Provider import Custom

client = Client(provider=Custom, base_url=os.environ["OPENAI_BASE_URL"], api_key=os.environ["OPENAI_API_KEY"])
messages = [{"role": "user", "content": PROMPT}]
stream = client.chat.completions.create(model="RepoAgent", messages=messages, stream=True)
watched(chunk.choices[0].delta.content for chunk in stream)
"""
)

_LLM = (
    _SAY
    + """
import os

import llm

llm.user_dir().mkdir(parents=True, exist_ok=True)
(llm.user_dir() / "extra-openai-models.yaml").write_text(
    json.dumps(
        [
            {
                "model_id": "repo-agent",
                "model_name": "RepoAgent",
                "api_base": os.environ["OPENAI_BASE_URL"],
                "api_key_name": "robocoders",
                "supports_tools": True,
            }
        ]
    )
)
(llm.user_dir() / "keys.json").write_text(json.dumps({"robocoders": os.environ["OPENAI_API_KEY"]}))
model = llm.get_model("repo-agent")
"""
)

LLM_TOOLS = (
    _LLM
    + """

def get_weather(city: str) -> str:
    "The weather of a city."
    return city + ": sun"


say(model.chain("How is the weather in Rome and in Oslo?", tools=[get_weather]).text())
"""
)

LLM_WITHDRAWN = (
    _LLM
    + """
watched(model.prompt(PROMPT))
"""
)

PYDANTIC_AI_TOOLS = (
    _SAY
    + """
from pydantic_ai import Agent

agent = Agent(f"openai-{DIALECT}:RepoAgent")


@agent.tool_plain
def get_weather(city: str) -> str:
    "The weather of a city."
    return city + ": sun"


say(agent.run_sync("How is the weather in Rome and in Oslo?").output)
"""
)

PYDANTIC_AI_WITHDRAWN = (
    _SAY
    + """
import asyncio

from pydantic_ai import Agent


async def main():
    agent = Agent(f"openai-{DIALECT}:RepoAgent")
    try:
        async with agent.run_stream(PROMPT) as stream:
            async for text in stream.stream_text(debounce_by=None):
                say("shown")
            text = await stream.get_output()
    except Exception as error:
        say("error", type(error).__name__)
    else:
        say("text", text)


asyncio.run(main())
"""
)
