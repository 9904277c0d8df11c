-- rule: recorder-evasion
-- version: 1
-- title: a program ran that lies in no file
-- explanation: its image was in memory or deleted, so that no content of it can be kept
-- needs: kernel
-- looks-at: execs
-- reach: executed
-- certainty: certain
SELECT
    e.seq,
    'fileless ' || coalesce(e.exe, e.argv) AS subject,
    'a program ran that lies in no file: ' || left(coalesce(e.exe, e.argv), 100) AS title
FROM execs e
WHERE e.error IS NULL AND regexp_matches(e.exe, '^/?memfd:|^/dev/shm/|^/proc/(self|\d+)/fd/|^/dev/fd/|^\[\w+\]$| \(deleted\)$')
  -- Container runtimes copy themselves into memory, against a hole in /proc/self/exe.
  AND NOT regexp_matches(e.exe, 'memfd:(runc|crun|youki|lxc)')
ORDER BY e.seq
