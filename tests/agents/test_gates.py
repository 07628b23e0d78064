"""Place-holders and shrunken files are refused; complete code, whatever it talks about, passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.gates import left_out, shrunk
from agents.types import SourceFile

ROOT = Path(__file__).resolve().parents[2]


def told(path: str, text: str) -> str:
    """What the gate says about a file."""
    return left_out(SourceFile(path, text.encode()))


@pytest.mark.parametrize(
    "comment",
    [
        "... rest of the code ...", "... existing code ...", "…existing code…", "rest of the code",
        "Rest of the file remains the same",
        "The rest of the implementation stays unchanged.", "(rest of the methods)", "rest of your code here",
        "existing code here ...",
        "Remaining routes are unchanged", "other methods remain the same", "previous imports unchanged",
        "... other handlers", "existing code",
        "Your code here", "Add your logic here", "insert the actual implementation here", "implementation goes here",
        "code omitted for brevity", "... more tests", "other endpoints ...", "... unchanged",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("path", "form"),
    [("a.py", "x = 1\n    # {}\n"), ("a.py", "x = 1  # {}\n"), ("a.js", "a();\n  // {}\n"), ("a.ts",
    "  /* {} */\n"), ("a.tsx", "  {{/* {} */}}\n"),
     ("a.html", "<p>\n<!-- {} -->\n"), ("a.sql", "-- {}\n"), ("Dockerfile", "# {}\n"), ("t.html", "{{# {} #}}\n"),
     ("a.css", "/*\n * {}\n */")],
)  # fmt: skip
def test_a_comment_that_stands_for_code_is_refused_with_its_line(comment: str, path: str, form: str) -> None:
    text = form.format(comment)
    line = 1 + text[: text.index(comment)].count("\n")
    assert told(path, text).startswith(f"{path} line {line} leaves code out")


def test_bare_dots_with_words_are_refused_where_they_are_no_code() -> None:
    assert "leaves code out" in told("a.js", "a();\n... rest of the code\n")
    assert "leaves code out" in told("a.yml", "a: 1\n… existing jobs …\n")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py",
        "# existing rows are kept\n# the rest of the code relies on this order\n# remaining tests cover sorting\n"),
        ("a.py", "# Other methods\n# skip the rest of the file\n# keep unchanged rows\n# The same as above.\n# ...\n"),
        ("a.py",
        "# existing users keep their code; remaining items are listed\n# Previous implementation was slower\n"),
        ("a.py", 'PROMPT = """\n# ... rest of the code ...\n# your code here\n"""\nx = "# existing code"\n'),
        ("a.py", 'def f(x):\n    """Doc.\n\n    >>> for y in x:\n    ...     existing_code()\n    """\n    return x\n'),
        ("a.js",
        "const a = {\n  ...rest,\n  ...existing.methods,\n  ...otherCode };\n"),
        ("a.js", "// remaining time in seconds\n// existing code paths end here: see b.js\n"),
        ("a.html",
        "<p>3 remaining items, the rest of the code is secret</p>\n<!-- remaining items -->\n<!-- existing rows -->\n"),
        ("a.css", "/* Rest of the page */\n/* other styles for print */\n"),
        ("README.md", "Add your code here.\n# rest of the code\n... existing code ...\n"),
        ("notes.txt", "# rest of the code\n"),
        ("a.sh", "#!/bin/sh\n# your changes are kept\nexec run\n"),
        ("a.yml", "...\n--- # next\n"),
    ],
)  # fmt: skip
def test_comments_about_the_work_are_no_place_holders(path: str, text: str) -> None:
    assert told(path, text) == ""


@pytest.mark.parametrize(
    "function",
    [
        "def add(a, b):\n    pass\n",
        "def add(a, b):\n    ...\n",
        "def add():\n    ...\n",
        'def add(a, b):\n    """Add two numbers, which must be numbers."""\n    pass\n',
        'def add(a, b) -> int:\n    """Add two numbers."""\n',
        "def add(a, b):\n    raise NotImplementedError\n",
        'def add(a, b):\n    raise NotImplementedError("Not implemented yet")\n',
        'def add(a, b):\n    raise NotImplementedError("TODO: add them")\n',
        "def main():\n    # TODO: start the server\n    pass\n",
        "def main():\n    pass  # implement me\n",
        "async def add(a, b):\n    pass\n",
        "class Store:\n    def add(self, item) -> int:\n        pass\n",
        "class Store:\n    def add(self, item):\n        # TODO\n        pass\n",
        "class Store:\n    def add(self, item):\n        raise NotImplementedError()\n",
        "class Store:\n    async def add(self, item): ...\n",
        "def outer():\n    def add(a):\n        ...\n    return add\n",
        "@app.get('/items')\ndef add():\n    pass\n",
        "@router.post('/items')\nasync def add(item):\n    ...\n",
        "if True:\n    def add(a, b):\n        pass\n",
        "\ufeffdef add(a, b):\n    pass\n",
    ],
)
def test_a_python_function_without_a_body_is_refused(function: str) -> None:
    assert "has no body. Write it" in told("app/store.py", f"{function}\nx = 1\n")


@pytest.mark.parametrize(
    "code",
    [
        "class P(Protocol):\n    def f(self, x): ...\n    def g(self) -> int:\n        '''Words.'''\n",
        "class P(typing.Protocol[T]):\n    def f(self, x) -> T: ...\n",
        "class A(ABC):\n    def f(self, x):\n        raise NotImplementedError\n",
        "class A(metaclass=abc.ABCMeta):\n    def f(self, x) -> int:\n        pass\n",
        "class A:\n    @abstractmethod\n    def f(self, x): ...\n",
        "class A:\n    @abc.abstractmethod\n    def g(self, x) -> int:\n        pass\n",
        "@overload\ndef f(x: int) -> int: ...\n@typing.overload\ndef f(x: str) -> str: ...\ndef f(x):\n    return x\n",
        "class Shape:\n    def area(self) -> float:\n        raise NotImplementedError\nclass Box(Shape):\n    n = 1\n",
        "class BaseStore:\n    def add(self, item):\n        raise NotImplementedError\n",
        "def f(x):\n    raise NotImplementedError('only files on a disk can be read')\n",
        "try:\n    x()\nexcept OSError:\n    pass\n",
        "for x in y:\n    pass\nwhile z():\n    ...\n",
        "class NotFound(Exception):\n    pass\nclass Marker: ...\n",
        'class NotFound(Exception):\n    """No such thing."""\n',
        "def noop(*args, **kwargs):\n    pass\ndef _ignore(event):\n    pass\ndef do_nothing() -> None:\n    pass\n",
        "def on_exit():\n    pass\nsignal(on_exit)\n",
        "class Handler(BaseHTTPRequestHandler):\n    def log_message(self, format, *args):\n        pass\n",
        "class Null:\n    def write(self, text) -> None:\n        pass\n",
        "class Pipe:\n    def close(self):\n        '''Nothing to close.'''\n",
        "@click.group()\ndef cli():\n    pass\n",
        "@app.callback()\ndef main():\n    '''The tool.'''\n",
        "@singledispatch\ndef show(x):\n    raise NotImplementedError\n",
        "if TYPE_CHECKING:\n    def reveal(x: int) -> int: ...\n",
        "def keepalive(transport) -> None:  # pragma: no cover\n    pass\n",
        "def hook(x):\n    '''Does nothing; subclasses may.'''\n",
        "def f(x=...):\n    return x[..., 0]\n",
        "# TODO: faster\ndef f(x):\n    # TODO: cache this\n    return x\n",
    ],
)
def test_bodies_that_are_meant_to_be_empty_pass(code: str) -> None:
    assert told("app/store.py", code) == ""


def test_helpers_of_tests_may_be_empty_but_tests_may_not() -> None:
    helper = "class FakeMailer:\n    def send(self, to): pass\ndef stub(x):\n    pass\n"
    for path in ("tests/test_a.py", "test_a.py", "tests/conftest.py", "app/tests/fakes.py"):
        assert told(path, helper) == ""
        assert "test_add() has no body" in told(path, helper + 'def test_add(client):\n    """AC-1."""\n')
    assert "test_add() has no body" in told(
        "tests/test_a.py", "class TestA:\n    @mark.slow\n    def test_add(self): pass\n"
    )
    assert told("tests/test_a.py", "def test_add():\n    def test(x): pass\n    run(test)\n") == ""


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("a.js", 'function add(a, b) {\n  throw new Error("Not implemented");\n}\n'),
        ("a.js", "const add = (a, b) => {\n  // TODO: implement\n};\n"),
        ("a.js", "function add(a, b) {\n  // TODO: implement\n  return null;\n}\n"),
        ("a.js", "export async function add(a, b) { /* the implementation goes in here */ /* TODO */ }\n"),
        ("a.ts", "add(a: number): Promise<number> {\n  throw new Error('Method not implemented.');\n}\n"),
        ("a.ts", "class A {\n  add(a: number): number {\n    // FIXME\n    return undefined;\n  }\n}\n"),
        ("a.go", 'func Add(a int, b int) int {\n\tpanic("not implemented")\n}\n'),
        ("a.go", 'func Add(a int, b int) (int, error) {\n\t// later\n\tpanic("TODO: add")\n}\n'),
        ("a.go", "func Add(a *Item) {\n\t// TODO: implement\n}\n"),
        ("a.rs", "fn add(a: i32, b: i32) -> i32 {\n    todo!()\n}\n"),
        ("a.rs", "fn add(a: i32) -> i32 {\n    unimplemented!()\n}\n"),
        ("A.java", 'int add(int a) {\n  throw new UnsupportedOperationException("Not implemented yet");\n}\n'),
    ],
)
def test_a_body_in_braces_that_only_promises_is_refused(path: str, code: str) -> None:
    text = f"x\n{code}"
    assert told(path, text).startswith(f"{path} line ")
    assert told(f"tests/{path}", text) == ""


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("a.js", "const noop = () => {};\nfunction f() {}\nsetTimeout(() => { /* nothing to do */ }, 1);\n"),
        (
            "a.js",
            'function f(x) {\n  // TODO: cache this\n  return g(x);\n}\nif (!x) { throw new Error("Not found"); }\n',
        ),
        ("a.js", 'switch (x) { default: throw new Error("not implemented"); }\n'),
        ("a.js", "try { f() } catch (e) { /* ignored on purpose */ }\n"),
        ("a.go", 'func Must(err error) {\n\tif err != nil {\n\t\tpanic("not implemented: " + err.Error())\n\t}\n}\n'),
        ("a.go", "type T struct {\n\t// TODO: more fields\n}\nfunc (t T) Lock() {}\n"),
        ("a.css", "a:not(.b) {\n  /* TODO: darker */\n  color: red;\n}\n"),
        ("a.json", '{"a": "function f() { throw new Error(1) }"}\n'),
    ],
)
def test_bodies_in_braces_that_do_something_or_mean_nothing_pass(path: str, code: str) -> None:
    assert told(path, code) == ""


@pytest.mark.parametrize(
    "text",
    ["def f(:\n", "x = '\x00'\n", "x = " + "+".join("1" * 6000) + "\n", "x = " + "(" * 500 + "\n",
    "x = " + "-" * 9000 + "1\n", "'''\n# rest of the code\n"],
)  # fmt: skip
def test_python_that_cannot_be_read_is_left_to_the_syntax_check(text: str) -> None:
    assert told("a.py", text) == ""


@pytest.mark.parametrize(
    ("path", "unit"),
    [("a.js", "){"), ("a.js", ") => {//"), ("a.js", "){/*"), ("a.js", "){/* *"), ("a.js", "// rest of the "),
    ("a.js", "\t"), ("a.js", "// a\n"),
     ("a.py", "# rest of the code x\n"), ("a.py", "#"), ("a.js", "... rest "), ("a.js", "=>"), ("a.js", "){\n"),
     ("a.go", 'panic("'), ("a.js", "){//\n"), ("a.js", "//){\n")],
)  # fmt: skip
def test_a_megabyte_of_anything_is_judged(path: str, unit: str) -> None:
    # A search that goes back and forth would not end within the time of a test run.
    assert isinstance(told(path, unit * (1_000_000 // len(unit))), str)


def test_every_file_of_this_repository_is_complete() -> None:
    folders = ("agents", "generations", "autocoder_site", "tests", "static/js", "templates")
    files = [
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".js", ".html"}
    ]
    assert len(files) > 200
    assert [problem for path in files if (problem := told(str(path.relative_to(ROOT)), path.read_text()))] == []


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [(400, 199, True), (400, 200, False), (199, 0, False), (200, 99, True), (400, 900, False)],
)
def test_a_file_that_loses_more_than_half_is_refused(before: int, after: int, refused: bool) -> None:
    problem = shrunk(SourceFile("a.py", b"x" * before), SourceFile("a.py", b"x" * after))
    assert problem.startswith(f"a.py would shrink from {before} to {after} bytes." if refused else "")
    assert bool(problem) is refused
    assert shrunk(None, SourceFile("a.py", b"")) == ""
