"""Scripts as they were written for the hosted service; nothing in them knows of a server of one's own.

They stand here as text, since they import what is not installed in this project's environment. Each takes its prompts
as arguments, has one session for all of them, and prints what it shows its user.
"""

from __future__ import annotations

G4F = """\
import asyncio
import sys

from g4f.Provider import RobocodersAPI


async def main():
    for prompt in sys.argv[1:]:
        messages = [{"role": "user", "content": prompt}]
        async for piece in RobocodersAPI.create_async_generator(model="RepoAgent", messages=messages):
            print(piece)


asyncio.run(main())
"""

G4F_CLIENT = """\
import sys

from g4f.client import Client
from g4f.Provider import RobocodersAPI

client = Client(provider=RobocodersAPI)
answer = client.chat.completions.create(model="RepoAgent", messages=[{"role": "user", "content": sys.argv[1]}])
print(answer.choices[0].message.content)
"""

G4F_BLOCKING = """\
import sys

from g4f.Provider import RobocodersAPI

messages = [
    {"role": "user", "content": "My name is Ada."},
    {"role": "assistant", "content": "Good day, Ada."},
    {"role": "user", "content": sys.argv[1]},
]
for piece in RobocodersAPI.create_completion(model="", messages=messages):
    print(piece)
"""

REQUESTS = """\
import json
import os
import re
import sys

import requests

token = os.environ.get("ROBOCODERS_API_TOKEN")
if not token:
    page = requests.get("https://api.robocoders.ai/auth")
    page.raise_for_status()
    token = re.search(r'<pre[^>]*id="token">(.*?)</pre>', page.text, re.S)[1].strip()
session = requests.Session()
session.headers["Authorization"] = "Bearer " + token
sid = os.environ.get("SID") or session.get("https://api.robocoders.ai/create-session").json()["sid"]
for prompt in sys.argv[1:]:
    body = {"sid": sid, "prompt": prompt, "agent": "RepoAgent"}
    with session.post("https://api.robocoders.ai/chat", json=body, stream=True) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            if line:
                print(json.loads(line)["message"])
"""

AXIOS = """\
const axios = require("axios");

const api = "https://api.robocoders.ai";

async function main() {
  let token = process.env.ROBOCODERS_API_TOKEN;
  if (!token) {
    const page = await axios.get(api + "/auth");
    token = /<pre[^>]*id="token">([^<]*)<\\/pre>/.exec(page.data)[1].trim();
  }
  const headers = { Authorization: "Bearer " + token };
  const sid = process.env.SID || (await axios.get(api + "/create-session", { headers })).data.sid;
  for (const prompt of process.argv.slice(2)) {
    const answer = await axios.post(api + "/chat", { sid, prompt, agent: "RepoAgent" }, { headers });
    console.log("body: " + typeof answer.data);
    const events = typeof answer.data === "string"
      ? answer.data.split("\\n").filter((line) => line.trim()).map((line) => JSON.parse(line))
      : [answer.data];
    for (const event of events) console.log(event.message);
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
"""

CURL = """\
set -eu
api=https://api.robocoders.ai
token=${ROBOCODERS_API_TOKEN:-$(curl -sS --fail $api/auth | sed -n 's/.*id="token">\\([^<]*\\)<.*/\\1/p')}
sid=${SID:-$(curl -sS --fail -H "Authorization: Bearer $token" $api/create-session |
    sed -n 's/.*"sid": *"\\([^"]*\\)".*/\\1/p')}
for prompt in "$@"; do
    curl -sS --fail --no-buffer -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \\
        -d "{\\"sid\\": \\"$sid\\", \\"prompt\\": \\"$prompt\\", \\"agent\\": \\"RepoAgent\\"}" $api/chat
done
"""
