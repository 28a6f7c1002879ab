/** What strace saw a program and all that it started connect to. */
import { spawnSync } from 'node:child_process';

/** Whatever can name an address; `connect` is also how a name server is asked. Programs are named, to see who was followed. */
const CALLS = 'trace=connect,sendto,sendmsg,sendmmsg,execve';

export const straceArguments = (file: string): string[] => [
  '-f',
  '-qq',
  '-s',
  '1000',
  '-e',
  CALLS,
  '-o',
  file,
];

/** Not in every container. */
export const canTrace = (): boolean => spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;

export interface Contact {
  address: string;
  port: number;
  line: string;
}

/** Those of the internet families; Unix sockets and netlink do not leave this machine. */
export const contactsIn = (trace: string): Contact[] =>
  trace.split('\n').flatMap((line) =>
    [...line.matchAll(/\{sa_family=AF_INET6?,[^}]*\}/g)].map(([named]) => ({
      address:
        /inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"/.exec(named)?.slice(1).find(Boolean) ?? named,
      port: Number(/sin6?_port=htons\((\d+)\)/.exec(named)?.[1] ?? 0),
      line,
    })),
  );

/** What leaves this machine, and every question to a name server, which may stand on it and ask others. */
export const beyondIn = (trace: string): Contact[] =>
  contactsIn(trace).filter(({ address, port }) => port === 53 || !/^(?:::ffff:)?127\.|^::1$/.test(address));
