"""Programs made with OpenAI's Python library. Each says line by line, in JSON, what its user would see.

They stand here as text, since they run in an environment of their own, with a release that this project does not use.
"""

from __future__ import annotations

_SAY = """\
import asyncio
import json

import openai


def say(*things):
    print(json.dumps(things[0] if len(things) == 1 else things), flush=True)


def asked(text):
    return {"model": "RepoAgent", "messages": [{"role": "user", "content": text}]}


TOOL = {
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}

client = openai.OpenAI()
"""

CHAT = (
    _SAY
    + """
say([model.id for model in client.models.list()], client.models.retrieve("FrontEndAgent").object)
raw = client.chat.completions.with_raw_response.create(**asked("hello"))
sid, whole = raw.headers["X-Session-ID"], raw.parse()
say(sid, whole.choices[0].message.content, whole.choices[0].finish_reason, whole.usage.total_tokens)

stream = client.chat.completions.create(**asked("speak"), stream=True, extra_headers={"X-Session-ID": sid})
for chunk in stream:
    if chunk.choices[0].delta.content:
        say("delta", chunk.choices[0].delta.content)
say("end", chunk.choices[0].finish_reason)

with client.chat.completions.stream(**asked("end finished"), stream_options={"include_usage": True}) as stream:
    for event in stream:
        pass
final = stream.get_final_completion()
say(final.choices[0].message.content, final.choices[0].finish_reason, final.usage.total_tokens)
say(client.chat.completions.create(**asked("end iteration_limit")).choices[0].finish_reason)

steps = client.chat.completions.create(**asked("hello"), reasoning_effort="low").choices[0].message
say(steps.content, "Searching" in steps.reasoning_content)
limited = client.chat.completions.create(**asked("end question"), temperature=0.3, stop=["x"], seed=7, top_p=0.5)
say(limited.choices[0].finish_reason, limited.choices[0].message.content)
"""
)

ASYNCHRONOUS = (
    _SAY
    + """

async def main():
    async with openai.AsyncOpenAI() as client:
        say((await client.chat.completions.create(**asked("hello"))).choices[0].message.content)
        pieces = [chunk async for chunk in await client.chat.completions.create(**asked("twice"), stream=True)]
        say("".join(piece.choices[0].delta.content or "" for piece in pieces), pieces[-1].choices[0].finish_reason)
        say((await client.responses.create(model="RepoAgent", input="hello")).output_text)
        async with client.responses.stream(model="RepoAgent", input="twice") as stream:
            deltas = [event.delta async for event in stream if event.type == "response.output_text.delta"]
            say("".join(deltas), (await stream.get_final_response()).output_text)
        both = [client.responses.create(model="RepoAgent", input=text) for text in ("one", "two")]
        say(*[response.output_text for response in await asyncio.gather(*both)])


asyncio.run(main())
"""
)

RESPONSES = (
    _SAY
    + """
first = client.responses.create(model="RepoAgent", input="hello", instructions="Be brief.")
say(first.status, first.output_text, first.usage.total_tokens, first.error)
second = client.responses.create(model="RepoAgent", input="again", previous_response_id=first.id)
third = client.responses.create(model="RepoAgent", input="more", conversation=first.conversation.id)
say(second.previous_response_id == first.id, {first.conversation.id, second.conversation.id} == {third.conversation.id})

text = ""
with client.responses.stream(model="RepoAgent", input="hold") as stream:
    for event in stream:
        if event.type == "response.output_text.delta":
            text += event.delta
            if text == "holding":
                say("delta", text)
    final = stream.get_final_response()
say("end", final.status, final.output_text == text, text)

items = client.responses.input_items.list(first.id)
say(client.responses.retrieve(first.id) == first, [item.content[0].text for item in items])
again = [event for event in client.responses.retrieve(final.id, stream=True)]
rest = [event for event in client.responses.retrieve(final.id, stream=True, starting_after=2)]
say([event.sequence_number for event in again] == list(range(len(again))), rest == again[3:])
client.responses.delete(first.id)
try:
    client.responses.retrieve(first.id)
except openai.NotFoundError as error:
    say("gone", error.code)

limited = client.responses.create(model="RepoAgent", input="end budget_limit")
say(limited.status, limited.incomplete_details.reason, limited.output_text)
steps = client.responses.create(model="RepoAgent", input="hello", reasoning={"effort": "low", "summary": "auto"})
say([item.type for item in steps.output], steps.output[0].summary[0].text)
"""
)

BACKGROUND = (
    _SAY
    + """
begun = client.responses.create(model="RepoAgent", input="speak", background=True)
for event in client.responses.retrieve(begun.id, stream=True):
    if event.type == "response.content_part.added":
        break
cancelled = client.responses.cancel(begun.id)
say(cancelled.status, cancelled.output_text, client.responses.retrieve(begun.id).status)

held = client.responses.create(model="RepoAgent", input="hold", background=True)
say(held.status in {"queued", "in_progress"})
input()
while held.status in {"queued", "in_progress"}:
    for event in client.responses.retrieve(held.id, stream=True):
        pass
    held = client.responses.retrieve(held.id)
say(held.status, held.output_text)
"""
)

RESUMED = (
    _SAY
    + """
events = []
try:
    for event in client.responses.create(model="RepoAgent", input="hold", background=True, stream=True):
        events.append(event)
        if event.type == "response.output_item.done":
            say("holding")
except Exception as error:
    say("broken off", type(error).__name__)
# The server has been killed; it is another one that listens now.
input()
response_id, last = events[0].response.id, events[-1].sequence_number
events += client.responses.retrieve(response_id, stream=True, starting_after=last)
say([event.sequence_number for event in events] == list(range(len(events))))
say("".join(event.delta for event in events if event.type == "response.output_text.delta"))
say(events[-1].type, client.responses.retrieve(response_id).output_text)
"""
)

CHAT_TOOLS = (
    _SAY
    + """
tools = [{"type": "function", "function": TOOL}]
messages = [{"role": "user", "content": "How is the weather in Rome and in Oslo?"}]
if STREAM:
    with client.chat.completions.stream(model="RepoAgent", messages=messages, tools=tools) as stream:
        answer = stream.get_final_completion().choices[0]
else:
    answer = client.chat.completions.create(model="RepoAgent", messages=messages, tools=tools).choices[0]
calls = answer.message.tool_calls
say(answer.finish_reason, [[call.function.name, json.loads(call.function.arguments)] for call in calls])
messages.append(answer.message)
for call in calls:
    city = json.loads(call.function.arguments)["city"]
    messages.append({"role": "tool", "tool_call_id": call.id, "content": city + ": sun"})
if STREAM:
    with client.chat.completions.stream(model="RepoAgent", messages=messages, tools=tools) as stream:
        answer = stream.get_final_completion().choices[0]
else:
    answer = client.chat.completions.create(model="RepoAgent", messages=messages, tools=tools).choices[0]
say(answer.finish_reason, answer.message.content)
messages[-1]["content"] = "another result"
try:
    client.chat.completions.create(model="RepoAgent", messages=messages, tools=tools)
except openai.ConflictError as error:
    say(error.code)
"""
)

RESPONSE_TOOLS = (
    _SAY
    + """
tools = [{"type": "function", **TOOL}]
asking = {"model": "RepoAgent", "input": "How is the weather in Rome and in Oslo?", "tools": tools}
if STREAM:
    with client.responses.stream(**asking) as stream:
        first = stream.get_final_response()
else:
    first = client.responses.create(**asking)
calls = [item for item in first.output if item.type == "function_call"]
say(first.status, [[call.name, json.loads(call.arguments)] for call in calls])
results = [
    {"type": "function_call_output", "call_id": call.call_id, "output": json.loads(call.arguments)["city"] + ": sun"}
    for call in calls
]
answering = {"model": "RepoAgent", "input": results, "previous_response_id": first.id, "tools": tools}
if STREAM:
    with client.responses.stream(**answering) as stream:
        second = stream.get_final_response()
else:
    second = client.responses.create(**answering)
say(second.status, second.output_text)
"""
)

ERRORS = (
    _SAY
    + """

def failing(call):
    try:
        call()
    except openai.APIError as error:
        say(type(error).__name__, error.code, error.param)


def stream(**parameters):
    for chunk in client.chat.completions.create(**parameters, stream=True):
        pass


create = client.chat.completions.create
failing(lambda: openai.OpenAI(api_key="wrong").chat.completions.create(**asked("hello")))
failing(lambda: create(model="gpt-5", messages=[{"role": "user", "content": "hello"}]))
failing(lambda: client.responses.create(model="gpt-5", input="hello"))
failing(lambda: client.responses.retrieve("resp_0"))
failing(lambda: create(**asked("hello"), n=2))
failing(lambda: create(model="RepoAgent", messages=[{"role": "tool", "tool_call_id": "call_1", "content": "x"}]))
failing(lambda: create(**asked("hello"), extra_headers={"X-Session-ID": "no-uuid"}))
failing(lambda: client.responses.create(model="RepoAgent", input="hello", conversation="no-uuid"))
failing(lambda: client.embeddings.create(model="RepoAgent", input="hello"))
failing(lambda: create(**asked("fail")))
failing(lambda: client.responses.create(model="RepoAgent", input="fail"))
failing(lambda: stream(**asked("fail")))
failing(lambda: create(**asked("end cancelled")))
with client.responses.stream(model="RepoAgent", input="fail") as stream:
    for event in stream:
        pass
say(event.type, event.response.status, event.response.error is not None)
"""
)

KEYS = (
    _SAY
    + """
key = {"Idempotency-Key": "one"}
first = client.chat.completions.create(**asked("hello"), extra_headers=key)
again = client.chat.completions.create(**asked("hello"), extra_headers=key)
say(first.id == again.id, first.choices[0].message.content == again.choices[0].message.content)
two = {"model": "RepoAgent", "input": "hi", "extra_headers": {"Idempotency-Key": "two"}}
responses = [client.responses.create(**two) for _ in "ab"]
say(responses[0] == responses[1])
try:
    client.chat.completions.create(**asked("other"), extra_headers=key)
except openai.BadRequestError as error:
    say(error.code)
held = client.chat.completions.create(**asked("hold"), extra_headers={"Idempotency-Key": "three"})
say(held.choices[0].message.content)
"""
)

WITHDRAWN_CHAT = (
    _SAY
    + """
text, ended = "", "without an end"
try:
    for chunk in client.chat.completions.create(**asked(PROMPT), stream=True):
        if chunk.choices[0].delta.content:
            text += chunk.choices[0].delta.content
            say("shown")
        ended = chunk.choices[0].finish_reason or ended
except openai.APIError as error:
    ended = error.code
say(ended, text)
"""
)

WITHDRAWN_HELPER = (
    _SAY
    + """
text, ended = "", "without an end"
try:
    with client.chat.completions.stream(**asked(PROMPT)) as stream:
        for event in stream:
            if event.type == "content.delta":
                say("shown")
    final = stream.get_final_completion().choices[0]
    ended, text = final.finish_reason, final.message.content
except openai.APIError as error:
    ended = error.code
say(ended, text)
"""
)

WITHDRAWN_RESPONSE = (
    _SAY
    + """
with client.responses.stream(model="RepoAgent", input=PROMPT) as stream:
    for event in stream:
        if event.type == "response.output_text.delta":
            say("shown")
    final = stream.get_final_response()
say("stop", final.output_text)
"""
)
