/** A key a line: its value and where that comes from. Pure. */
import type { ConfigDocument } from '../../actions/documents/home.ts';

export const renderConfig = ({ config: entries }: ConfigDocument): string => {
  const width = Math.max(0, ...entries.map(({ key }) => key.length));
  return entries
    .map((entry) => `${entry.key.padEnd(width)}  ${entry.text}  (${originText(entry)})`)
    .join('\n');
};

const originText = ({ from, name }: ConfigDocument['config'][number]): string =>
  name === undefined ? from : `${name} in ${from === '.env' ? 'config/.env' : 'the environment'}`;
