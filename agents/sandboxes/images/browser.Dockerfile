# A browser beside the language: pages are opened in it to see whether their console is clean.
RUN command -v chromium >/dev/null \
    || (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core \
        && rm -rf /var/lib/apt/lists/*)
