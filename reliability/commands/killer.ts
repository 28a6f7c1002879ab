/**
 * A `git` to be found first on a PATH, that writes down the system calls of each git that koubou starts, or has one of them
 * killed at one of its calls.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Calls that change something in a folder. */
const CHANGING = ['openat', 'mkdir', 'rename', 'link', 'unlink', 'rmdir', 'write', 'fsync', 'ftruncate'];

/** Where a git is killed. */
export interface Point {
  /** Which of the gits that koubou starts, from 1. */
  git: number;
  /** What it was asked to do. */
  command: string;
  call: string;
  /** Which of its calls of that name, from 1. */
  nth: number;
}

export class Killer {
  readonly #folder: string;
  /** Where its `git` lies: the first folder on the PATH of what is looked at. */
  readonly bin: string;

  /** `folder`: outside of every repository, as koubou runs no git that lies in one. */
  constructor(folder: string) {
    this.#folder = folder;
    this.bin = join(folder, 'bin');
    mkdirSync(this.bin, { recursive: true });
    const program = join(this.bin, 'git');
    writeFileSync(
      program,
      `#!/bin/sh
cd_to='${folder}'
read -r n < "$cd_to/count"
n=$((n + 1))
echo $n > "$cd_to/count"
PATH="\${PATH#*:}"
if test -e "$cd_to/at-$n"; then
  read -r call nth < "$cd_to/at-$n"
  exec strace -o "$cd_to/killed" -e "trace=$call" -e "inject=$call:signal=SIGKILL:when=$nth" git "$@"
fi
test -e "$cd_to/tracing" || exec git "$@"
printf '%s\\n' "$*" > "$cd_to/asked-$n"
exec strace -s 0 -o "$cd_to/trace-$n" -e trace=${CHANGING.join(',')} git "$@"
`,
    );
    chmodSync(program, 0o755);
    this.forget();
  }

  forget(): void {
    for (const name of readdirSync(this.#folder)) if (name !== 'bin') rmSync(join(this.#folder, name));
    writeFileSync(join(this.#folder, 'count'), '0\n');
  }

  trace(): void {
    this.forget();
    writeFileSync(join(this.#folder, 'tracing'), '');
  }

  /** All that was traced, in order. */
  points(): Point[] {
    const points: Point[] = [];
    for (let git = 1; git <= Number(readFileSync(join(this.#folder, 'count'), 'utf8')); git += 1) {
      const [command = ''] = wordsOf(readFileSync(join(this.#folder, `asked-${git}`), 'utf8'));
      const nths = new Map<string, number>();
      for (const line of readFileSync(join(this.#folder, `trace-${git}`), 'utf8').split('\n')) {
        const call = /^([a-z0-9]+)\(/.exec(line)?.[1];
        if (call === undefined) continue;
        const nth = (nths.get(call) ?? 0) + 1;
        nths.set(call, nth);
        // Of the files that are opened, those that are made.
        if (call !== 'openat' || line.includes('O_CREAT')) points.push({ git, command, call, nth });
      }
    }
    return points;
  }

  kill({ git, call, nth }: Point): void {
    this.forget();
    writeFileSync(join(this.#folder, `at-${git}`), `${call} ${nth}\n`);
  }

  /** Whether the git was killed there. */
  get killed(): boolean {
    try {
      return readFileSync(join(this.#folder, 'killed'), 'utf8').includes('killed by SIGKILL');
    } catch {
      return false;
    }
  }
}

/** What a git was asked, without the folder and the settings that koubou gives. */
export const wordsOf = (asked: string): string[] => {
  const words = asked.trim().split(' ');
  const isGiven = (word: string | undefined): boolean => word === '-c' || word === '-C';
  return words.filter((word, at) => !isGiven(word) && !isGiven(words[at - 1]));
};
