"""Lists of stargazers that come from elsewhere than GitHub's own list."""
