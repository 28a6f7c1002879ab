#!/bin/sh
# An agent that writes the same for a task in each of its runs, and in every third task commits it with its own git: one that
# cannot fails.
set -e
id=${KOUBOU_RUN#*/}
id=${id%.r*}
mkdir -p made
seq 300 | sed "s/^/$id /" > "made/$id.txt"
if [ $(($(printf %s "$id" | cksum | cut -d' ' -f1) % 3)) = 0 ]; then
  git add -A
  git -c user.name=agent -c user.email=agent@example.org commit -qm "$id"
fi
echo "made $id.txt"
