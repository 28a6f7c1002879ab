/** The built program on a home: what each command says and how it ends. */
import { koubou } from '../../test/support/koubou/koubou.ts';

export interface Said {
  command: string;
  code: number | null;
  text: string;
  /** How it is not as it should be; empty: it is. */
  problems: string[];
}

const ENDS_WITHIN_MS = 20_000;

/** `koubou ARGS`, which must end by itself, with a code that means something, and in words for a person. */
export const say = async (home: string, ...args: string[]): Promise<Said> => {
  const command = `koubou ${args.join(' ')}`;
  const began = performance.now();
  // `timeout` ends what hangs, with 137.
  const under = ['timeout', '--signal=KILL', String(ENDS_WITHIN_MS / 1000)];
  const { code, stdout, stderr } = await koubou(args, { home, under });
  const text = `${stdout}${stderr}`;
  const problems: string[] = [];
  if (performance.now() - began > ENDS_WITHIN_MS) problems.push('it hung');
  else if (![0, 1, 2, 3, 4].includes(code ?? -1)) problems.push(`it ended with ${code}`);
  if (/^\s+at .+:\d+:\d+\)?$/m.test(text)) problems.push('it printed a stack trace');
  if (text.includes('This is a fault of koubou')) problems.push('it took this for a fault of its own');
  return {
    command,
    code,
    text,
    problems: problems.map((each) => `${command}: ${each}: ${text.slice(0, 600)}`),
  };
};

/** What only looks. */
export const looksAt = (id: string): string[][] => [
  ['status'],
  ['status', id],
  ['status', id, '--json'],
  ['list', '--json'],
  ['list', '--unread'],
  ['list', '--status', 'quarantined'],
  ['result', id],
  ['logs', id],
  ['diff', id],
  ['wait', id, '--timeout', '1s'],
  ['workers'],
  ['doctor'],
  ['config'],
];
