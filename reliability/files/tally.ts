/** What came of all cases, for the table. */
import type { Figures } from '../figures.ts';
import type { Verdict } from './watch.ts';

interface Row {
  cases: number;
  aside: number;
  said: number;
  bad: number;
}

export class Tally {
  /** Of every case; nothing: all is as promised. */
  readonly problems: string[] = [];
  readonly planted: string[] = [];
  readonly #rows = new Map<string, Row>();

  /** `baseline`: what is said of a home that nothing is wrong with. */
  add(group: string, what: string, verdict: Verdict, baseline: ReadonlySet<string>, cases = 1): void {
    const row = this.#row(group);
    row.cases += cases;
    if (verdict.aside.length > 0) row.aside += cases;
    else if (verdict.clear.some((words) => !baseline.has(words))) row.said += cases;
    if (verdict.problems.length > 0) row.bad += 1;
    this.problems.push(...verdict.problems.map((each) => `${what}: ${each}`));
  }

  count(group: string, cases: number, said: number): void {
    const row = this.#row(group);
    row.cases += cases;
    row.said += said;
  }

  #row(group: string): Row {
    const row = this.#rows.get(group) ?? { cases: 0, aside: 0, said: 0, bad: 0 };
    this.#rows.set(group, row);
    return row;
  }

  figures(): Figures {
    return {
      title: 'Bad files',
      about:
        'A home has tasks in every state, two workers (one dead), keys, permits, outcomes, marks, half-made files, dropped files, a worktree and a config. Each file or folder that koubou reads is in turn replaced by something else. A separate process, which may read no more than its user, then does everything that commands and a daemon do: it reads, joins, sweeps, adopts, claims, runs, settles and reads again. It must not hang (15 s), must not grow by 150 MB, and must not end anything with an error that has no message for a person. Afterwards every acknowledged task has to be in one place or in quarantine with a reason, the other tasks have to be done with the right result, everything beside the home has to be untouched, and no content from outside the home may appear in any of its files or in anything that was shown.',
      command: 'npm run faults -- files',
      columns: [
        'What lies there',
        'Cases',
        'Set aside with a reason',
        'Told in words',
        'Gone on with',
        'Not as promised',
      ],
      rows: [...this.#rows].map(([group, { cases, aside, said, bad }]) => [
        group,
        cases,
        aside,
        said,
        cases - aside - said,
        bad,
      ]),
      notes: [
        `Planted faults that the same checks find: a queue that ${this.planted.join(', that ')}.`,
        '`config/` may consist of links, as dotfiles often do. A hard link to a file elsewhere cannot be distinguished from a file, so it is tried only where a run is about to write.',
        'If a folder can be neither read nor moved because it belongs to somebody else, operations that need it wait, and `koubou status` says so.',
      ],
    };
  }
}
