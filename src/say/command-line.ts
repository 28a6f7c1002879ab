/** The words of the command line: also those of logs and of all that is kept in a home, which a person reads in a shell. Pure. */
import type { ActionMark, FieldMark, Wording } from './marks.ts';
import { asTyped } from './shell-quote.ts';

const flagOf = ({ name }: FieldMark): string =>
  name === 'command' ? '--' : `--${name.replaceAll('_', '-')}`;

/** What koubou's own program is started with to do that. */
export const argumentsOf = ({ name, words }: ActionMark): string[] => [
  ...name.split(' '),
  ...words.flatMap((word) => {
    if (typeof word === 'string') return [word];
    return word.value === undefined ? [flagOf(word)] : [flagOf(word), word.value];
  }),
];

const line = (mark: ActionMark): string => ['koubou', ...argumentsOf(mark).map(asTyped)].join(' ');

export const commandLine: Wording = {
  field: (mark) => {
    if (mark.value !== undefined) return `${flagOf(mark)} ${mark.value}`;
    return mark.name === 'command' ? 'the words after --' : flagOf(mark);
  },
  action: (mark) => (mark.isLine ? line(mark) : `\`${line(mark)}\``),
  help: ({ action }) => (action === undefined ? '--help' : `\`koubou ${action} --help\``),
};
