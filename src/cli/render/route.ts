/** Where a task would go. Pure. */
import type { RouteDocument } from '../../actions/documents/home.ts';
import type { Considered } from '../../route/rules.ts';
import { HAND_BACK } from '../../task/escalation-chain.ts';
import { formatDuration } from '../../text/duration.ts';

/** `explain`: with every rule, also those that do not match. */
export const renderRoute = ({ route }: RouteDocument, explain: boolean): string => {
  const lines: [string, string][] = [
    ['runner', route.runner],
    ['model', route.model ?? '-'],
    ['endpoint', route.endpoint ?? '-'],
    ['timeout', route.timeout === 0 ? 'none' : formatDuration(route.timeout)],
    ['retries', String(route.retries)],
    ['local', route.local_only ? 'only on this machine' : 'anywhere'],
    ['why', route.why],
    ...(route.escalate.length === 0 ? [] : [['then', thenText(route.escalate)] as [string, string]]),
  ];
  const shown = lines.map(([name, value]) => `${name.padEnd(9)} ${value}`);
  if (!explain) return shown.join('\n');
  return [...shown, '', ...(route.rules.length === 0 ? ['There are no rules.'] : route.rules.map(line))].join(
    '\n',
  );
};

const thenText = (steps: readonly string[]): string =>
  `${steps.map((step) => (step === HAND_BACK ? 'handed back to you' : step)).join(', then ')}, where the work is found wanting`;

const line = ({ rule, matched, why }: Considered): string =>
  `${rule} ${matched === null ? 'was not looked at' : matched ? 'matches' : 'does not match'}: ${why}`;
