#!/bin/sh
# An agent whose first run goes on when its task has another worker: agent.sh FOLDER WAY. FOLDER: outside of the home, where
# the two runs wait for one another, so that the second ends after the first has done what WAY says.
out=$1 way=$2
after() { while ! test -e "$out/$1"; do sleep 0.02; done; }

if [ "${KOUBOU_RUN##*.r}" = 1 ]; then
  here=$PWD
  echo first > first.txt
  touch "$out/began"
  after again
  # By the name of its folder: what it has open may be gone.
  mkdir -p "$here"
  cd "$here" || exit 1
  case $way in
    writes) echo late > late.txt && echo late > old.txt ;;
    removes) rm -f old.txt second.txt ;;
    commits) echo late > late.txt && git add -A && git -c user.name=a -c user.email=a@a commit -qm late ;;
  esac
  touch "$out/wrote"
  after over
  echo 'The first run.'
else
  echo second > second.txt
  touch "$out/again"
  after wrote
  echo 'The second run.'
fi
