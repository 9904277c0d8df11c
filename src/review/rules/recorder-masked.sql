-- rule: recorder-evasion
-- version: 3
-- title: a program ran under the name of another
-- explanation: its first argument is a kernel thread's name, which only kernel threads have, or its file has a service's name and lies where none does
-- needs: kernel
-- looks-at: execs
-- reach: executed
-- certainty: certain
SELECT
    e.seq,
    'masked ' || e.argv AS subject,
    coalesce(e.exe, 'a program') || ' called itself ' || left(e.argv, 60) AS title
FROM execs e
WHERE e.error IS NULL AND (regexp_matches(e.argv, '^''?(\S*/)?\[(k\w+|rcu\w*|migration|watchdog|scsi\w*|md\d|cpuhp)[/:\w-]*\]|^''?(\S*/)?(kworker|ksoftirqd|kthreadd|kswapd|rcu_\w+)[/:\w-]*''?( |$)')
    OR (regexp_matches(e.exe, '/(kworker|ksoftirqd|kthreadd|kswapd\d*|systemd(-\w+)?|sshd|crond?|dbus-daemon|agetty|rsyslogd|dockerd|polkitd|udevd|auditd)$')
        AND NOT regexp_matches(e.exe, '^/(usr/|lib/|opt/)?(local/)?(s?bin|libexec|lib|systemd)/|^/snap/|/\.pyenv/|/conda/')))
ORDER BY e.seq
