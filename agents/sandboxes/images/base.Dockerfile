# What every sandbox image begins with. BASE is the public slim image, or one made from Debian packages.
ARG BASE
FROM ${BASE}
