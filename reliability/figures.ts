/**
 * The figures of the fault tests: each family keeps its table as reliability/figures/FAMILY.json, and report.ts makes
 * docs/reliability.md of them. Only `npm run faults` writes them: a sample says nothing about the whole.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Figures {
  /** Heading of the family's section. */
  title: string;
  /** What was done to koubou and what was then looked at, in a few sentences. */
  about: string;
  /** The command that makes this table. */
  command: string;
  columns: readonly string[];
  rows: readonly (readonly (string | number)[])[];
  /** What a reader has to know to read the table rightly: what was planted, what cannot be shown here. */
  notes?: readonly string[];
}

/** Whether this run is the exhaustive one, whose figures are published. */
export const exhaustive = process.env.KOUBOU_TEST_FULL === '1';

/**
 * Puts the family's figures where run.ts publishes them from; does nothing without it. `family`: the file's name. Throws
 * where there are none: mocha calls `after` also where all was skipped, or broke at the start.
 */
export const publishFigures = async (family: string, figures: Figures): Promise<void> => {
  const folder = process.env['KOUBOU_FIGURES'];
  if (folder === undefined) return;
  if (figures.rows.length === 0) throw new Error(`${family} showed nothing: its figures stay as they were.`);
  await writeFile(join(folder, `${family}.json`), `${JSON.stringify(figures, null, 2)}\n`);
};
