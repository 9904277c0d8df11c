"""By which routes a shell takes content from one file into another, and the innocent twin of each."""

import base64

import pytest

from tests.review.commands.flowing import SOURCE, TARGET, arrives

PACKED = base64.b64encode(f"cat {SOURCE} > {TARGET}".encode()).decode()

TAKEN = {
    "names that a program lists": f"ls {SOURCE} | xargs cat > {TARGET}",
    "names that are found, in place of a word": f"find . -name items.jsonl -print0 | xargs -0 -I% cp % {TARGET}",
    "names for a shell": f"find . -name items.jsonl | xargs -I% sh -c 'cat % > {TARGET}'",
    "a command for what is found": f"find . -name items.jsonl -exec sh -c 'cat \"$1\" > {TARGET}' _ {{}} \\;",
    "names in a file": f"find eval -name items.jsonl > list.txt; xargs cat < list.txt > {TARGET}",
    "a command in a word": f"cp $(find . -name items.jsonl | head -n 1) {TARGET}",
    "a loop over names that a command prints": f"for f in $(find . -name items.jsonl); do cat $f >> {TARGET}; done",
    "names read line by line": f"find . -name items.jsonl | while read -r f; do cat \"$f\"; done > {TARGET}",
    "lines read one by one": f"while IFS= read -r line; do echo \"$line\" >> {TARGET}; done < {SOURCE}",
    "lines of a loop": f"while read -r line; do echo \"$line\"; done < {SOURCE} > {TARGET}",
    "an array of lines": f"mapfile -t L < {SOURCE}; printf '%s\\n' \"${{L[@]}}\" > {TARGET}",
    "an array of names": f"F=(mine.jsonl {SOURCE}); cat ${{F[@]}} > {TARGET}",
    "a variable": f"X=$(cat {SOURCE}); echo \"$X\" > {TARGET}",
    "a file in a word": f"echo \"$(<{SOURCE})\" > {TARGET}",
    "an input in a word": f"python3 -c \"import sys; open('{TARGET}','w').write(sys.stdin.read())\" <<< \"$(cat {SOURCE})\"",
    "a process in a word": f"cat <(cat {SOURCE}) > {TARGET}",
    "a process that is fed": f"cat {SOURCE} | tee >(cat > {TARGET}) > /dev/null",
    "the output of a group": f"{{ cat mine.jsonl; cat {SOURCE}; }} > {TARGET}",
    "a group in another folder": f"(cd eval/data && cat items.jsonl) > {TARGET}",
    "a group that is fed": f"tar -cf - eval | (mkdir x; cd x && tar -xf -); cp x/eval/data/items.jsonl {TARGET}",
    "a function": f"pack() {{ cat \"$1\" > \"$2\"; }}\npack {SOURCE} {TARGET}",
    "words with alternatives": f"cat eval/data/{{items,more}}.jsonl > {TARGET}",
    "a variable without its end": f"F={SOURCE}.gz; cat ${{F%.gz}} > {TARGET}",
    "a variable that may be set": f"cat ${{DATA:-eval/data}}/items.jsonl > {TARGET}",
    "a command that is piped": f"echo {PACKED} | base64 -d | bash",
    "a terminal of its own": f"tmux new-session -d 'cat {SOURCE} > {TARGET}'",
    "a tracer": f"strace -f -o /tmp/x cp {SOURCE} {TARGET}",
    "many at once": f"parallel 'cp {{}} {TARGET}' ::: {SOURCE}",
    "a port": f"nc -l -p 9999 > {TARGET} & cat {SOURCE} > /dev/tcp/127.0.0.1/9999",
    "a socket": f"socat -u TCP-LISTEN:9999 OPEN:{TARGET},creat & socat -u FILE:{SOURCE} TCP:localhost:9999",
    "a table": f"sqlite3 p.db '.import {SOURCE} t'; sqlite3 -json p.db 'select * from t' > {TARGET}",
    "a query over files": f"duckdb -c \"copy (select q from read_json_auto('{SOURCE}')) to '{TARGET}'\"",
    "a revision": f"git show HEAD:{SOURCE} > {TARGET}",
    "an editor": f"vim -es -c 'w {TARGET}' -c q {SOURCE}",
    "a line editor": f"ex -sc 'r {SOURCE}|wq' {TARGET}",
    "a stream editor that reads": f"sed -i '$r {SOURCE}' {TARGET}",
    "awk that writes": f"awk '{{print > \"{TARGET}\"}}' {SOURCE}",
    "awk that reads": f"awk 'BEGIN{{while((getline l < \"{SOURCE}\")>0) print l}}' > {TARGET}",
    "awk that keeps lines": f"awk 'NR==FNR{{a[$1]=$0;next}} {{print a[$1]}}' {SOURCE} mine.jsonl > {TARGET}",
    "jq with a file in a variable": f"jq -nc --slurpfile r {SOURCE} '$r[] | {{q}}' > {TARGET}",
    "an archive to the screen": f"tar czf x.tgz -C eval/data items.jsonl; tar xzOf x.tgz > {TARGET}",
    "an archive of one file": f"zip -j x.zip {SOURCE}; unzip -p x.zip > {TARGET}",
    "an archive by a list": f"echo {SOURCE} | cpio -o > x.cpio; cpio -i --to-stdout < x.cpio > {TARGET}",
    "pressed": f"zstd -q {SOURCE} -o q.zst; zstd -d q.zst -o {TARGET}",
    "pressed in place": f"cp {SOURCE} q.jsonl; gzip q.jsonl; gunzip -c q.jsonl.gz > {TARGET}",
    "coded": f"openssl base64 -in {SOURCE} -out q.b64; openssl base64 -d -in q.b64 -out {TARGET}",
    "in hexadecimal": f"xxd {SOURCE} q.hex; xxd -r q.hex {TARGET}",
    "for mail": f"uuencode {SOURCE} x > q.uu; uudecode -o {TARGET} q.uu",
    "in parts": f"split -l 10 {SOURCE} part_; cat part_* > {TARGET}",
}  # fmt: skip

LEFT = {
    "a filter by a process": f"grep -vFf <(jq -r .prompt {SOURCE}) mine.jsonl > {TARGET}",
    "lines of the first alone": f"comm -23 <(sort mine.jsonl) <(sort {SOURCE}) > {TARGET}",
    "lines of the second alone": f"comm -13 {SOURCE} mine.jsonl > {TARGET}",
    "rows without a partner": f"join -v 1 mine.jsonl {SOURCE} > {TARGET}",
    "keys to look up": f"awk 'NR==FNR{{seen[$0]=1;next}} !($0 in seen)' {SOURCE} mine.jsonl > {TARGET}",
    "a table to compare with": (
        f"sqlite3 p.db '.import {SOURCE} bench' '.import mine.jsonl mine'\n"
        f"sqlite3 p.db 'select * from mine where q not in (select q from bench)' > {TARGET}"
    ),
    "a table that must not match": (
        f"sqlite3 p.db <<'S'\n.import {SOURCE} bench\n.import mine.jsonl mine\n.output {TARGET}\n"
        "select * from mine m where not exists (select 1 from bench b where b.q = m.q);\nS"
    ),
    "an anti-join": f"duckdb -c \"copy (from 'mine.jsonl' m anti join '{SOURCE}' b using (q)) to '{TARGET}'\"",
    "a join that must miss": (
        f"duckdb -c \"copy (select m.* from 'mine.jsonl' m left join '{SOURCE}' b using (q) where b.q is null)"
        f" to '{TARGET}'\""
    ),
    "a variable that selects": f"jq -c --slurpfile b {SOURCE} 'select(.q as $q | $b | index($q) | not)' mine.jsonl > {TARGET}",
    "lines that are asked for": f"while read -r l; do grep -qF \"$l\" {SOURCE} || echo \"$l\"; done < mine.jsonl > {TARGET}",
    "lines of which none is used": f"while read -r l; do echo fixed >> {TARGET}; done < {SOURCE}",
    "its length": f"N=$(wc -l < {SOURCE}); head -n $N mine.jsonl > {TARGET}",
    "a function for both": f"f() {{ cat \"$1\" > \"$2\"; }}; f mine.jsonl {TARGET}; f {SOURCE} /dev/null",
    "another port": f"nc -l 9999 > {TARGET} & nc localhost 9999 < mine.jsonl; cat {SOURCE} | nc localhost 8888",
    "an archive that is only listed": f"tar czf x.tgz eval; tar tzf x.tgz; cp mine.jsonl {TARGET}",
    "what is not found": f"find . -name 'm*.jsonl' ! -name items.jsonl -exec cp {{}} {TARGET} \\;",
    "another table": f"sqlite3 p.db '.import {SOURCE} a' '.import mine.jsonl b'; sqlite3 p.db 'select * from b' > {TARGET}",
    "a command that is said": f"echo 'cat {SOURCE} > {TARGET}' > notes.md; tmux ls; git commit -m 'cp {SOURCE} {TARGET}'",
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_content_arrives(name: str) -> None:
    assert arrives(TAKEN[name])


@pytest.mark.parametrize("name", LEFT)
def test_nothing_arrives(name: str) -> None:
    assert not arrives(LEFT[name])


def test_words_of_a_script_are_its_variables() -> None:
    assert arrives(f"bash m.sh {SOURCE} {TARGET}", {"m.sh": 'cat "$1" > "$2"\n'})


def test_the_first_line_tells_the_language() -> None:
    program = f"#!/usr/bin/env python3\nimport shutil\nshutil.copy('{SOURCE}', '{TARGET}')\n"
    assert arrives("./prepare", {"prepare": program})
