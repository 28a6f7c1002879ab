/** Makes docs/reliability.md from the figures of the fault tests and of the peers: node reliability/report.ts */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { Figures } from './figures.ts';

export const FIGURES = new URL('figures/', import.meta.url);
const PEERS = new URL('../bench/peers/figures.json', import.meta.url);
export const REPORT = new URL('../docs/reliability.md', import.meta.url);

const HEAD = `# What happens when things go wrong

This file is generated: \`npm run faults\` runs every test of reliability/ exhaustively and writes it (an hour or more); \`npm run faults:sample\` runs a sample with fixed seeds, as CI does at every commit, and writes nothing.

In most families a healthy process opens the home after each fault, sweeps, and \`test/support/census/census.ts\` looks at the folders; where a section judges otherwise it says so. The census knows nothing of the queue's code. It finds a violation where an acknowledged task is not in exactly one place, an ended task has not exactly one final outcome with a reason, a run has two outcomes, a key has no task, a permit is lost or doubled, a dead process left a temporary file, a finished task left a process, or a task was charged or run more often than it was allowed.
`;

/** The report's text: the peers' comparison first, then the families in the order of their file names. */
export const report = async (): Promise<string> => {
  const names = (await readdir(FIGURES)).filter((name) => name.endsWith('.json')).sort();
  const files = names.map((name) => new URL(name, FIGURES));
  if (existsSync(PEERS)) files.unshift(PEERS);
  const sections = await Promise.all(
    files.map(async (file) => section(JSON.parse(await readFile(file, 'utf8')) as Figures)),
  );
  return [HEAD, ...sections].join('\n');
};

const section = ({ title, about, command, columns, rows, notes = [] }: Figures): string => {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  const table = [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
  const remarks = notes.length === 0 ? '' : `\n${notes.map((note) => `- ${note}`).join('\n')}\n`;
  return `## ${title}\n\n${about}\n\n\`${command}\`\n\n${table}\n${remarks}`;
};

const escaped = (cell: string | number): string => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ');

if (import.meta.main) await writeFile(REPORT, await report());
