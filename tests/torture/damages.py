"""Ways to damage a sealed study, by kind of file and place in it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Tree = dict[str, bytes]
"""Every file of a study by its path."""

BY_PEOPLE = ("config/", "data/")
TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
KINDS = {
    "export": r"data/", "layout": r"config/layouts/", "settings": r"config/.*\.yaml", "sheet": r"config/",
    "wells": r".*\.parquet", "page": r".*\.html", "table": r"results/", "record": r"audit/records/",
    "block": r"audit/blocks/", "kept zip": r"audit/kept/", "signature": r"audit/signatures/.*\.sig",
    "statement": r"audit/signatures/",
}  # fmt: skip


def kind_of(path: str) -> str:
    return next((kind for kind, pattern in KINDS.items() if re.match(pattern, path)), "other")


@dataclass(frozen=True)
class Damage:
    """``what`` in words, of which ``kind`` of file; ``after``: path -> its bytes (None: gone)."""

    what: str
    kind: str
    after: Mapping[str, bytes | None]


def paths_of(files: Tree, kind: str) -> list[str]:
    return [path for path in files if kind_of(path) == kind]


def a_file(files: Tree, chance: random.Random) -> str:
    """Every kind as often as every other."""
    kinds = sorted({kind_of(path) for path in files})
    return chance.choice(paths_of(files, chance.choice(kinds)))


def changed(what: str, path: str, data: bytes) -> Damage:
    return Damage(what, kind_of(path), {path: data})


# --- Bytes --------------------------------------------------------------------------------------


def places(data: bytes) -> dict[str, range]:
    """Classes of positions of bytes in a file."""
    size = len(data)
    found = {
        "first": range(1), "last": range(size - 1, size), "header": range(min(size, 32)),
        "first line": range(max(1, data.find(b"\n"))), "middle": range(size // 3, max(size // 3 + 1, 2 * size // 3)),
        "tail": range(max(0, size - 32), size), "anywhere": range(size),
    }  # fmt: skip
    if data.startswith(b"{"):
        found |= {f"field {key}": where for key, where in fields(data).items()}
    return found


def fields(data: bytes) -> dict[str, range]:
    """Where the value of each key of a JSON object stands, one level deep."""
    found = {}
    for key, value in json.loads(data.decode("utf-8", "surrogateescape")).items():
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        start = data.find(f'"{key}":{text}'.encode("utf-8", "surrogateescape")) + len(key) + 3
        found[key] = range(start, start + len(text.encode("utf-8", "surrogateescape")))
    return found


def flip(files: Tree, chance: random.Random) -> Damage:
    path = a_file(files, chance)
    name, where = chance.choice(sorted(places(files[path]).items()))
    at, by = (
        chance.choice(where),
        chance.choice([1 << chance.randrange(8), chance.randrange(1, 256)]),
    )
    data = bytearray(files[path])
    data[at] ^= by
    return changed(f"byte {at} of {path} ({name}) XOR {by}", path, bytes(data))


def truncate(files: Tree, chance: random.Random) -> Damage:
    path = a_file(files, chance)
    size = len(files[path])
    to = chance.choice([0, 1, size - 1, size // 2, chance.randrange(size)])
    return changed(f"{path} cut to {to} bytes", path, files[path][:to])


def insert_bytes(files: Tree, chance: random.Random) -> Damage:
    path = a_file(files, chance)
    at = chance.choice([0, len(files[path]), chance.randrange(len(files[path]))])
    more = chance.choice([b"\n", b" ", b"\0", b"0", chance.randbytes(8)])
    return changed(
        f"{more!r} put into {path} at {at}", path, files[path][:at] + more + files[path][at:]
    )


def delete_bytes(files: Tree, chance: random.Random) -> Damage:
    path = a_file(files, chance)
    at = chance.randrange(len(files[path]))
    count = chance.choice([1, 1, 2, 16])
    return changed(
        f"{count} bytes out of {path} at {at}", path, files[path][:at] + files[path][at + count :]
    )


def reorder_lines(files: Tree, chance: random.Random) -> Damage:
    texts = [p for p in files if kind_of(p) in ("export", "layout", "sheet", "table")]
    path = chance.choice([p for p in texts if files[p].count(b"\n") > 1])
    lines = files[path].splitlines(keepends=True)
    first, second = chance.sample(range(len(lines)), 2)
    lines[first], lines[second] = lines[second], lines[first]
    return changed(f"lines {first} and {second} of {path} changed places", path, b"".join(lines))


def respell(files: Tree, chance: random.Random) -> Damage:
    """The same content of a JSON file, written otherwise."""
    path = chance.choice([p for p in files if p.endswith(".json")])
    content = json.loads(files[path].decode("utf-8", "surrogateescape"))
    pairs = list(content.items())
    chance.shuffle(pairs)
    text = json.dumps(
        dict(pairs), indent=chance.choice([None, 1]), ensure_ascii=chance.random() < 0.5
    )
    return changed(
        f"{path} written otherwise", path, f"{text}\n".encode("utf-8", "surrogateescape")
    )


# --- Files --------------------------------------------------------------------------------------


def swap(files: Tree, chance: random.Random) -> Damage:
    """Two files change places: any two, two blocks, two records, or two others of a kind."""
    kind = chance.choice(["any", "block", "record", "table", "export", "layout", "kept zip"])
    among = list(files) if kind == "any" else paths_of(files, kind)
    first, second = chance.sample(among, 2)
    return Damage(
        f"{first} and {second} changed places", kind, {first: files[second], second: files[first]}
    )


def delete(files: Tree, chance: random.Random) -> Damage:
    path = a_file(files, chance)
    if kind_of(path) == "block" and chance.random() < 0.5:
        blocks = sorted(paths_of(files, "block"))
        gone = blocks[blocks.index(path) :]
        return Damage(f"{path} and all blocks behind it deleted", "block", dict.fromkeys(gone))
    return Damage(f"{path} deleted", kind_of(path), {path: None})


def rename(files: Tree, chance: random.Random) -> Damage:
    path = a_file(files, chance)
    to = chance.choice(
        [f"{path}~", f"{path}.bak", f"{path.rpartition('/')[0]}/{chance.randrange(10**6):06d}.json"]
    )
    return Damage(f"{path} renamed to {to}", kind_of(path), {path: None, to: files[path]})


def insert_file(files: Tree, chance: random.Random) -> Damage:
    """A file more: a copy or something new, among the results or in the trail."""
    folders = sorted(
        {path.rpartition("/")[0] for path in files if not path.startswith(BY_PEOPLE)}
        | {"audit", "audit/pending"}
    )
    folder = chance.choice(folders)
    copied = a_file(files, chance)
    suffix = chance.choice(
        [copied.rpartition("/")[2], f"{chance.randrange(10**6):06d}.json", "note.txt", "x.zip"]
    )
    path = f"{folder}/{chance.randrange(10**4)}{suffix}"
    data = chance.choice([b"", files[copied], chance.randbytes(40)])
    return Damage(f"{path} laid down ({len(data)} bytes)", "a file more", {path: data})


def replace(files: Tree, chance: random.Random) -> Damage:
    path = a_file(files, chance)
    data = chance.choice(
        [
            b"{}\n",
            b"[]\n",
            b"null\n",
            b"NaN\n",
            b"1e5\n",
            b"\xff\xfe",
            b"[" * 50_000,
            chance.randbytes(len(files[path])),
        ]
    )
    return changed(f"{path} replaced by {data[:12]!r}", path, data)


# --- Words of the trail -------------------------------------------------------------------------


def set_clock(files: Tree, chance: random.Random) -> Damage:
    """A time in a record, a block or a statement is another one, a second or a year away."""
    path = chance.choice([p for p in files if p.endswith(".json")])
    found = list(TIME.finditer(files[path]))
    match = chance.choice(found)
    time = bytearray(match[0])
    at = chance.choice([3, 6, 9, 12, 15, 18, 25])
    time[at] = ord(str((int(chr(time[at])) + chance.randrange(1, 10)) % 10))
    data = files[path][: match.start()] + bytes(time) + files[path][match.end() :]
    return changed(f"{match[0].decode()} in {path} is {time.decode()}", path, data)


def set_word(files: Tree, chance: random.Random) -> Damage:
    """A value of a record, block or statement is another of any kind, in canonical form."""
    path = chance.choice([p for p in files if p.endswith(".json")])
    content = json.loads(files[path].decode("utf-8", "surrogateescape"))
    key = chance.choice(sorted(content))
    other: list[object] = [
        "",
        "x",
        0,
        1,
        -1,
        None,
        True,
        [],
        {},
        ["x"],
        {"x": "y"},
        [[]],
        [{}],
        "2024-01-01T00:00:00.000000Z",
    ]
    content[key] = chance.choice([value for value in other if value != content[key]])
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return changed(
        f"{key} of {path} is {content[key]!r}", path, f"{text}\n".encode("utf-8", "surrogateescape")
    )


def reorder_records(files: Tree, chance: random.Random) -> Damage:
    """A record moves to another block, or the manifest of a block loses or changes an entry."""
    path = chance.choice(paths_of(files, "block"))
    content = json.loads(files[path])
    what = chance.choice(["records", "changed", "kept"])
    if what == "records":
        other = json.loads(files[chance.choice(paths_of(files, "block"))])
        content["records"] = dict(
            chance.sample(sorted((content["records"] | other["records"]).items()), 1)
        )
    elif content[what]:
        content[what] = content[what][:-1] if chance.random() < 0.5 else content[what][::-1]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return changed(f"{what} of {path} reordered", path, f"{text}\n".encode())


WAYS: dict[Callable[[Tree, random.Random], Damage], int] = {
    flip: 40, truncate: 8, insert_bytes: 8, delete_bytes: 8, swap: 8, delete: 6, rename: 4, insert_file: 6,
    replace: 4, reorder_lines: 4, respell: 2, set_clock: 6, set_word: 6, reorder_records: 3,
}  # fmt: skip
"""Ways to damage a study, and how often each is taken."""


def damage(files: Tree, chance: random.Random) -> Damage:
    """A random damage that changes something."""
    while True:
        way = chance.choices(list(WAYS), list(WAYS.values()))[0]
        found = way(files, chance)
        if any(files.get(path) != data for path, data in found.after.items()):
            return Damage(f"{way.__name__}: {found.what}", found.kind, found.after)
