"""A repair of every case that ships: files as they should have been."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["REPAIRS"]

REPAIRS: Mapping[str, Mapping[str, str]] = {
    "python-free-slots": {
        "slots/merging.py": """
def merged(spans):
    result = []
    for begins, ends in sorted(spans):
        if result and begins <= result[-1][1]:
            result[-1] = (result[-1][0], max(ends, result[-1][1]))
        else:
            result.append((begins, ends))
    return result
""",
    },
    "python-invoice": {
        "billing/parsing.py": r"""
import re
from collections import namedtuple
from decimal import Decimal

Line = namedtuple("Line", "amount count percent")

_LINE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*x\s*(\d+)(?:\s*-\s*(\d+(?:\.\d+)?)\s*%)?\s*$")


def parse(text):
    match = _LINE.match(text)
    if match is None:
        raise ValueError(f"no line of an invoice: {text!r}")
    amount, count, percent = match.groups()
    return Line(Decimal(amount), int(count), Decimal(percent or 0))
""",
        "billing/rounding.py": """
from decimal import ROUND_HALF_UP, Decimal


def cents(amount):
    return int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP))


def text(number_of_cents):
    return f"{number_of_cents // 100}.{number_of_cents % 100:02d}"
""",
    },
    "python-build-order": {
        "buildorder/order.py": """
class CircularError(ValueError):
    pass


def order(graph, wanted=None):
    built = {}

    def visit(target, trail):
        if target in built:
            return
        if target in trail:
            raise CircularError(" -> ".join([*trail[trail.index(target):], target]))
        for need in graph.needs(target):
            visit(need, [*trail, target])
        built[target] = True

    for target in wanted or graph.targets():
        visit(target, [])
    return list(built)
""",
    },
    "python-expiring-cache": {
        "cachet/entries.py": """
class Entry:
    def __init__(self, value, expires):
        self.value = value
        self.expires = expires

    def is_alive(self, now):
        return now < self.expires
""",
        "cachet/cache.py": """
import time

from cachet.entries import Entry


class Cache:
    def __init__(self, size, seconds, clock=time.monotonic):
        if size < 1:
            raise ValueError("a cache has room for one entry at least")
        self.size = size
        self.seconds = seconds
        self._clock = clock
        self._entries = {}

    def put(self, key, value):
        now = self._clock()
        self._entries.pop(key, None)
        if len(self._entries) >= self.size:
            self._sweep()
        if len(self._entries) >= self.size:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = Entry(value, now + self.seconds)

    def get(self, key, default=None):
        if key not in self:
            return default
        entry = self._entries.pop(key)
        self._entries[key] = entry
        return entry.value

    def _sweep(self):
        now = self._clock()
        self._entries = {key: entry for key, entry in self._entries.items() if entry.is_alive(now)}

    def __len__(self):
        self._sweep()
        return len(self._entries)

    def __contains__(self, key):
        entry = self._entries.get(key)
        return entry is not None and entry.is_alive(self._clock())
""",
    },
    "python-csv-fields": {
        "tables/reading.py": r"""
class TableError(ValueError):
    pass


def read(text):
    records, fields, field, place = [], [], "", 0
    quoted = was_quoted = False
    while place < len(text):
        character = text[place]
        place += 1
        if quoted:
            if character != '"':
                field += character
            elif text[place : place + 1] == '"':
                field += '"'
                place += 1
            else:
                quoted = False
        elif character == '"':
            quoted = was_quoted = True
        elif character == ",":
            fields.append(field)
            field = ""
        elif character == "\n" or text[place - 1 : place + 1] == "\r\n":
            place += character == "\r"
            if fields or field or was_quoted:
                records.append([*fields, field])
            fields, field, was_quoted = [], "", False
        else:
            field += character
    if quoted:
        raise TableError("a quote is never closed")
    if fields or field or was_quoted:
        records.append([*fields, field])
    return records
""",
        "tables/writing.py": r"""
def write(records):
    return "".join(",".join(_field(field) for field in record) + "\r\n" for record in records)


def _field(text):
    if any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
""",
    },
    "python-search-pages": {
        "desk/paging.py": """
def page(desk, size, cursor=None, tag=None):
    if size < 1:
        raise ValueError("a page has one entry at least")
    below = None if cursor is None else int(cursor)
    matching = [
        ticket
        for ticket in desk.newest_first()
        if (below is None or ticket["number"] < below) and (tag is None or tag in ticket["tags"])
    ]
    entries = matching[:size]
    return {"entries": entries, "next": str(entries[-1]["number"]) if len(matching) > size else None}
""",
    },
    "javascript-templates": {
        "lib/index.js": r"""
"use strict";

const { escapeHtml } = require("./escaping");
const { lookup } = require("./lookup");

const PLACEHOLDER = /\{\{\{\s*([\w.]+)\s*\}\}\}|\{\{\s*([\w.]+)\s*\}\}/g;

function render(template, values) {
  return template.replace(PLACEHOLDER, (_, plain, escaped) =>
    plain === undefined ? escapeHtml(String(lookup(values, escaped))) : String(lookup(values, plain)),
  );
}

module.exports = { render };
""",
    },
    "javascript-leaderboard": {
        "lib/points.js": """
"use strict";

function points(result) {
  return Number(result.points);
}

module.exports = { points };
""",
        "lib/board.js": """
"use strict";

const { points } = require("./points");

function rank(results) {
  const ordered = [...results].sort((a, b) => points(b) - points(a));
  let last = 0;
  return ordered.map((result, place) => {
    if (place === 0 || points(result) !== points(ordered[place - 1])) {
      last = place + 1;
    }
    return { ...result, rank: last };
  });
}

function top(results, count) {
  return rank(results).filter((result) => result.rank <= count);
}

module.exports = { rank, top };
""",
    },
    "javascript-event-bus": {
        "lib/bus.js": """
"use strict";

class Bus {
  constructor() {
    this.listeners = new Map();
  }

  on(name, listener) {
    if (!this.listeners.has(name)) {
      this.listeners.set(name, new Set());
    }
    const entry = { listener };
    const all = this.listeners.get(name);
    all.add(entry);
    return () => {
      all.delete(entry);
    };
  }

  once(name, listener) {
    const leave = this.on(name, (...values) => {
      leave();
      listener(...values);
    });
    return leave;
  }

  emit(name, ...values) {
    const all = this.listeners.get(name) ?? new Set();
    const errors = [];
    let told = 0;
    for (const entry of [...all]) {
      if (!all.has(entry)) {
        continue;
      }
      told += 1;
      try {
        entry.listener(...values);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) {
      throw errors[0];
    }
    return told;
  }
}

module.exports = { Bus };
""",
    },
    "shell-rotate-logs": {
        "rotate.sh": """#!/bin/sh
set -u

usage() {
    echo "usage: rotate.sh FILE COUNT" >&2
    exit 2
}

[ $# -eq 2 ] || usage
file=$1
count=$2
case $count in
    "" | *[!0-9]* | 0) usage ;;
esac
case $file in
    -*) file=./$file ;;
esac

if [ ! -f "$file" ]; then
    echo "no such file: $file" >&2
    exit 1
fi
[ -s "$file" ] || exit 0

number=$count
while [ "$number" -gt 1 ]; do
    younger=$((number - 1))
    if [ -e "$file.$younger" ]; then
        mv -- "$file.$younger" "$file.$number"
    fi
    number=$younger
done
cp -p -- "$file" "$file.1"
: > "$file"
""",
    },
    "shell-read-settings": {
        "setting.sh": """#!/bin/sh
[ $# -ge 2 ] || exit 2
[ -r "$1" ] && [ -f "$1" ] || exit 2

trimmed() {
    text=$1
    text=${text#"${text%%[![:space:]]*}"}
    printf '%s' "${text%"${text##*[![:space:]]}"}"
}

is_found=
while IFS= read -r line || [ -n "$line" ]; do
    line=$(trimmed "$line")
    case $line in
        "#"*) continue ;;
        *=*) ;;
        *) continue ;;
    esac
    if [ "$(trimmed "${line%%=*}")" = "$2" ]; then
        is_found=yes
        found=$(trimmed "${line#*=}")
    fi
done < "$1"

if [ -n "$is_found" ]; then
    printf '%s\\n' "$found"
elif [ $# -ge 3 ]; then
    printf '%s\\n' "$3"
else
    exit 1
fi
""",
    },
    "shell-line-summary": {
        "summary.sh": """#!/bin/sh
. "$(dirname -- "$0")/counting.sh"

[ $# -eq 1 ] && [ -d "$1" ] || exit 2
cd -- "$1" || exit 2

files=0
total=0
code=0
paths=$(find . -name '.?*' -prune -o -type f -name '*.txt' -print | sed 's,^\\./,,' | LC_ALL=C sort)
while IFS= read -r path; do
    [ -n "$path" ] || continue
    if ! lines=$(count_lines "./$path"); then
        echo "cannot be read: $path" >&2
        code=1
        continue
    fi
    printf '%s\\t%s\\n' "$lines" "$path"
    files=$((files + 1))
    total=$((total + lines))
done <<END
$paths
END
[ "$files" -eq 1 ] && files="1 file" || files="$files files"
[ "$total" -eq 1 ] && total="1 line" || total="$total lines"
echo "$files, $total"
exit $code
""",
        "counting.sh": """
count_lines() {
    [ -r "$1" ] && awk 'END { print NR }' "$1"
}
""",
    },
}
