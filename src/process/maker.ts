/**
 * Who makes a half-made file is in its name: `BOOT8-PID-START-RAND`, where RAND begins with eight letters that stand for
 * the pid namespace. So others can tell whether it belongs to a dead process. Nothing here reads a clock.
 */
import type { ProcessIdentity } from './liveness.ts';

export interface Maker {
  boot8: string;
  pid: number;
  startTime: string;
  namespace: string;
}

const PATTERN = String.raw`([0-9a-f]{8})-(\d+)-([0-9A-Za-z_:.]+)-([0-9a-f]{8})[0-9a-f]+`;
const MAKER = new RegExp(`^${PATTERN}$`);
const HALF_MADE = new RegExp(String.raw`\.${PATTERN}\.tmp$`);

export const bootPrefix = (bootId: string): string =>
  bootId
    .replaceAll(/[^0-9a-f]/g, '')
    .slice(0, 8)
    .padStart(8, '0');

/** Eight hexadecimal digits of a namespace's number, as in `pid:[4026531836]`; zeros where there is none. */
export const namespacePrefix = (pidNamespace: string): string => {
  const number = /\d+/.exec(pidNamespace)?.[0] ?? '0';
  return BigInt(number).toString(16).padStart(8, '0').slice(-8);
};

/** `random`: hexadecimal digits. */
export const makerName = (
  { bootId, pid, startTime, pidNamespace }: ProcessIdentity,
  random: string,
): string => `${bootPrefix(bootId)}-${pid}-${startTime}-${namespacePrefix(pidNamespace)}${random}`;

export const parseMaker = (text: string): Maker | undefined => makerOf(MAKER.exec(text));

/** Who makes `name`; undefined: it is no half-made file. */
export const halfMadeBy = (name: string): Maker | undefined => makerOf(HALF_MADE.exec(name));

const makerOf = (match: RegExpExecArray | null): Maker | undefined => {
  if (match === null) return undefined;
  const [boot8 = '', pid = '', startTime = '', namespace = ''] = match.slice(1);
  return { boot8, pid: Number(pid), startTime, namespace };
};

/** `elsewhere`: it cannot be looked at from here. A boot id says nothing of the machine: clones have one machine id. */
export const verdictOnMaker = (
  maker: Maker,
  self: ProcessIdentity,
  startOf: (pid: number) => string | null,
): 'alive' | 'dead' | 'another boot' | 'another namespace' => {
  if (maker.boot8 !== bootPrefix(self.bootId)) return 'another boot';
  if (maker.namespace !== namespacePrefix(self.pidNamespace)) return 'another namespace';
  return startOf(maker.pid) === maker.startTime ? 'alive' : 'dead';
};
