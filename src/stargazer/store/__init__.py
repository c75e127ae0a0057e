"""What stargazer remembers, in PostgreSQL: stars, lists of stargazers, answers, ledgers and jobs."""
