#!/bin/sh
# One run of a task, which says in a file outside the home what it does, and finds whether another run of the same
# task still lives: task.sh FOLDER STEPS SECONDS FIRST. It makes a file in its folder, works for STEPS times SECONDS,
# and prints which run it is. The first run of a task works for FIRST steps instead, where that is given.
folder=$1 steps=$2 seconds=$3
id=${KOUBOU_RUN#*/}
run=${id##*.r}
id=${id%.r*}
[ "$run" = 1 ] && steps=${4:-$steps}
say() { echo "$1 $KOUBOU_RUN" >> "$folder/trace"; }

# Whatever this run starts holds the lock too, until it is gone.
exec 9> "$folder/locks/$id"
flock -n 9 || say overlap
# In a session of its own: neither the end of the daemon nor that of this script ends it.
setsid sleep 600 > /dev/null 2>&1 &
say begin
echo "$KOUBOU_RUN" > "$id.txt"
while [ "$steps" -gt 0 ]; do
  sleep "$seconds"
  say step
  steps=$((steps - 1))
done
say end
echo "$KOUBOU_RUN"
