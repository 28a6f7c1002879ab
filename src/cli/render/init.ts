/** What `koubou init` made, found and chose, and how to go on. Pure. */
import type { InitDocument } from '../../actions/documents/home.ts';

export const renderInit = ({ home, made, said, next }: InitDocument): string =>
  [
    made.includes(home) ? `Made ${home}` : `${home} is there`,
    ...made.filter((path) => path !== home).map((path) => `Wrote ${path}`),
    ...said,
    '',
    'Next:',
    ...next.map((command) => `  ${command}`),
  ].join('\n');
