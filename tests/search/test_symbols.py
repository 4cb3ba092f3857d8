from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.search.chunking import MAX_CHUNK_LINES, Chunk, chunks_of, enclosing_symbol
from robocoders.search.languages import language_of
from robocoders.search.symbols import find_symbols

PYTHON = '''
    LIMIT = 3
    type Pair = tuple[int, int]

    @decorated
    class Cache(Base):
        """Holds
    things."""

        def get(self, key: str) -> str:
            def inner():
                return 1
            return inner()

        async def put(
            self, key: str
        ) -> None:
            text = """
    not indented
            """

    def main():
        pass

    main()
'''
TYPESCRIPT = """
    export default class Store<T> extends Base {
      private items = new Map();
      async load(id: string): Promise<T> {
        if (id) {
          return this.items.get(id);
        }
      }
      handler = async (event) => {
      };
    }
    export const fetchAll = async (url: string) => {
      return url;
    };
    function helper() {
    }
    const LIMIT = 3;
    exports.run = function () {
    };
"""
GO = """
    package main
    type Server struct {
        name string
    }
    func (s *Server) Serve(port int) error {
        return nil
    }
    func main() {
    }
    var Version = "1"
"""
RUST = """
    pub struct Pool { size: usize }
    impl<T> Iterator for Pool {
        pub async fn next(&mut self) -> Option<T> {
            None
        }
    }
    macro_rules! square { () => {} }
    pub(crate) const MAX: usize = 3;
    fn main() {}
"""
JAVA = """
    public class Greeter extends Base {
        private final int limit = 3;
        public Greeter(String name) {
            this.name = name;
        }
        @Override
        public List<String> greet(String name) throws IOException {
            return make(name);
        }
    }
"""
C = """
    #define LIMIT 3
    struct point {
        int x;
    };
    static int
    unused;
    int main(int argc, char **argv)
    {
        return run(argc);
    }
    void Pool::drain(int count) {
        if (count) {
        }
    }
"""
SHELL = """
    set -e
    build() {
        make
    }
    function deploy {
        build
    }
"""
MARKDOWN = """
    # Guide
    text
    ## Install
    ```sh
    # no heading
    ```
    ## Use ##
    # Other
"""
CASES: list[tuple[str | None, str, list[str]]] = [
    ("Python", PYTHON, ["LIMIT", "Pair", "Cache", "Cache.get", "Cache.get.inner", "Cache.put", "main"]),
    ("TypeScript", TYPESCRIPT, ["Store", "Store.load", "Store.handler", "fetchAll", "helper", "LIMIT", "run"]),
    ("Go", GO, ["Server", "Server.Serve", "main", "Version"]),
    ("Rust", RUST, ["Pool", "Pool", "Pool.next", "square", "MAX", "main"]),
    ("Java", JAVA, ["Greeter", "Greeter.Greeter", "Greeter.greet"]),
    ("C", C, ["LIMIT", "point", "main", "Pool.drain"]),
    ("Shell", SHELL, ["build", "deploy"]),
    ("Markdown", MARKDOWN, ["Guide", "Guide.Install", "Guide.Use", "Other"]),
    ("Ruby", "class Cat\n  def meow!\n  end\nend\n", ["Cat", "Cat.meow!"]),
    ("Kotlin", "class Cat {\n    private suspend fun meow() {\n    }\n}\n", ["Cat", "Cat.meow"]),
    ("SQL", "CREATE TABLE IF NOT EXISTS users (\n  id int\n);\n", ["users"]),
    ("TOML", "[project]\nname = 1\n[[tool.x]]\n", ["project", "tool.x"]),
    ("YAML", "on:\n  push:\njobs:\n  a: 1\n", ["on", "jobs"]),
    ("Makefile", "test: build\n\tpytest\nX := 1\n", ["test"]),
    ("Elvish", "fn x { }", []),
    (None, "def x(): pass", []),
]


@pytest.mark.parametrize(("language", "text", "names"), CASES, ids=[str(case[0]) for case in CASES])
def test_definitions_are_found_in_each_language(language: str | None, text: str, names: list[str]) -> None:
    """Promise: README, search: an answer names the enclosing symbol."""
    assert [symbol.qualified for symbol in find_symbols(language, dedent(text))] == names


def test_a_definition_ends_where_its_block_ends() -> None:
    """Promise: README, search: the enclosing symbol is the one that holds the line."""
    lines = dedent(PYTHON).splitlines()
    symbols = find_symbols("Python", dedent(PYTHON))

    def symbol_at(text: str) -> str | None:
        found = enclosing_symbol(symbols, lines.index(text) + 1)
        return found.qualified if found is not None else None

    assert symbol_at("        return inner()") == "Cache.get"
    assert symbol_at("not indented") == "Cache.put"
    assert symbol_at("    ) -> None:") == "Cache.put"
    assert symbol_at("main()") is None
    assert enclosing_symbol(symbols, 1) is None


lines_of_code = st.lists(
    st.sampled_from(
        [
            "",
            "def f():",
            "    return 1",
            "class A:",
            "    def g(self):",
            "        x = 1",
            "# c",
            "@d",
            "X = 1",
            '"""',
            "  )",
        ]
    ),
    max_size=150,
)


def pieces(language: str, text: str) -> list[Chunk]:
    return chunks_of(text.split("\n"), find_symbols(language, text))


@given(lines=lines_of_code, suffix=st.sampled_from(["py", "ts", "go", "md", "txt", "yaml"]))
def test_the_pieces_of_a_file_hold_every_line_once(lines: list[str], suffix: str) -> None:
    """Promise: ours; what is in a file can be found, and is found once."""
    chunks = chunks_of(lines, find_symbols(language_of(f"a.{suffix}"), "\n".join(lines)))
    covered = [number for chunk in chunks for number in range(chunk.first_line, chunk.last_line + 1)]
    assert covered == sorted(set(covered))
    missing = set(range(1, len(lines) + 1)) - set(covered)
    assert all(not lines[number - 1].strip() for number in missing)
    assert all(chunk.last_line - chunk.first_line < MAX_CHUNK_LINES for chunk in chunks)


def test_each_method_is_a_piece_with_its_decorators_and_comments() -> None:
    """Promise: ours; a piece is what a person would point at."""
    text = (
        "class A:\n    x = 1\n\n    # Why.\n    @property\n"
        "    def size(self):\n        def inner(): pass\n        return inner\n"
    )
    found = [(chunk.first_line, chunk.last_line, chunk.names, chunk.scope) for chunk in pieces("Python", text)]
    assert found == [(1, 3, ("A",), ()), (4, 8, ("size", "inner"), ("A",))]


def test_a_list_above_a_heading_does_not_belong_to_it() -> None:
    """Promise: ours; in prose, what stands above a heading belongs to the section before."""
    found = [(chunk.first_line, chunk.last_line) for chunk in pieces("Markdown", "# One\n* item\n## Two\ntext\n")]
    assert found == [(1, 2), (3, 5)]
