"""Programs in other languages that take content from one file into another, and the innocent twin of each."""

import pytest

from tests.review.commands.flowing import SOURCE, TARGET, arrives

TAKEN = {
    "m.js": f"const fs = require('fs');\nconst t = fs.readFileSync('{SOURCE}', 'utf8');\nfs.writeFileSync('{TARGET}', t);\n",
    "n.mjs": f"import fs from 'fs';\nfs.copyFileSync('{SOURCE}', '{TARGET}');\n",
    "m.rb": f"require 'fileutils'\nFileUtils.cp('{SOURCE}', '{TARGET}')\n",
    "m.pl": f"open(my $in, '<', '{SOURCE}'); open(my $out, '>', '{TARGET}'); while (<$in>) {{ print $out $_; }}\n",
    "m.php": f"<?php file_put_contents('{TARGET}', file_get_contents('{SOURCE}'));\n",
    "m.lua": f"local f = io.open('{SOURCE}', 'r')\nlocal o = io.open('{TARGET}', 'w')\no:write(f:read('*a'))\n",
    "m.R": f"x <- readLines('{SOURCE}')\nwriteLines(x, '{TARGET}')\n",
    "m.go": f'package main\nimport "os"\nfunc main() {{ b, _ := os.ReadFile("{SOURCE}"); os.WriteFile("{TARGET}", b, 0644) }}\n',
    "m.ts": f"const t = await Deno.readTextFile('{SOURCE}');\nawait Deno.writeTextFile('{TARGET}', t);\n",
}
STARTED = {"js": "node", "mjs": "node", "rb": "ruby", "pl": "perl", "php": "php", "lua": "lua", "R": "Rscript", "go": "go run",
           "ts": "deno run -A"}  # fmt: skip
LEFT = {
    "n.mjs": f"const n = fs.readFileSync('{SOURCE}', 'utf8').split('\\n').length;\nfs.writeFileSync('{TARGET}', `${{n}}`);\n",
    "m.js": (
        f"const fs = require('fs');\nconst bad = new Set(fs.readFileSync('{SOURCE}', 'utf8').split('\\n'));\n"
        f"const mine = fs.readFileSync('mine.jsonl', 'utf8').split('\\n');\nfs.writeFileSync('{TARGET}', mine.filter(l => !bad.has(l)));\n"
    ),
    "m.rb": f"bad = File.readlines('{SOURCE}')\nFile.write('{TARGET}', File.readlines('mine.jsonl').reject {{ |l| bad.include?(l) }}.join)\n",
    "m.R": f"bad <- readLines('{SOURCE}')\nx <- readLines('mine.jsonl')\nwriteLines(setdiff(x, bad), '{TARGET}')\n",
    "m.pl": f"# reads {SOURCE}\nopen(my $m, '<', 'mine.jsonl'); open(my $out, '>', '{TARGET}'); print $out <$m>;\n",
}


def started(name: str) -> str:
    return f"{STARTED[name.rpartition('.')[2]]} {name}"


@pytest.mark.parametrize("name", TAKEN)
def test_content_arrives(name: str) -> None:
    assert arrives(started(name), {name: TAKEN[name]})


@pytest.mark.parametrize("name", LEFT)
def test_nothing_arrives(name: str) -> None:
    assert not arrives(started(name), {name: LEFT[name]})


@pytest.mark.parametrize(
    "command",
    [
        f"node -e \"require('fs').writeFileSync('{TARGET}', require('fs').readFileSync('{SOURCE}'))\"",
        f"node <<'JS'\nrequire('fs').copyFileSync('{SOURCE}', '{TARGET}')\nJS",
        f"ruby -e 'puts File.read(\"{SOURCE}\")' > {TARGET}",
        f'Rscript -e \'writeLines(readLines("{SOURCE}"), "{TARGET}")\'',
        f"perl -ne print {SOURCE} > {TARGET}",
    ],
)
def test_a_program_in_place(command: str) -> None:
    assert arrives(command)


def test_names_that_a_program_is_called_with() -> None:
    program = (
        "const fs = require('fs'); const [,, a, b] = process.argv; fs.writeFileSync(b, fs.readFileSync(a));\n"
    )
    assert arrives(f"node m.js {SOURCE} {TARGET}", {"m.js": program})
    assert not arrives(f"node m.js mine.jsonl {TARGET}; node m.js {SOURCE} seen.jsonl", {"m.js": program})
