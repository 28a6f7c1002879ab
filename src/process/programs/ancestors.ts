/** The environments of the processes that started this one. */
import { readFileSync } from 'node:fs';

/** Longer chains are nobody's. */
const MOST = 32;

/**
 * As they were when each of these programs began: nearest first, as far as this user may read them and as they belong
 * to this process' session. Nothing where there is no /proc.
 */
export function* ancestorEnvironments(proc = '/proc'): Generator<Record<string, string>> {
  const self = stat(proc, 'self');
  let parent = self?.parent;
  for (let count = 0; count < MOST && parent !== undefined && parent > 0; count += 1) {
    const about = stat(proc, String(parent));
    if (about === undefined || about.session !== self?.session) return;
    const environment = read(`${proc}/${parent}/environ`);
    if (environment !== undefined) yield variablesIn(environment);
    parent = about.parent;
  }
}

const variablesIn = (environment: string): Record<string, string> =>
  Object.fromEntries(
    environment.split('\0').flatMap((entry) => {
      const at = entry.indexOf('=');
      return at > 0 ? [[entry.slice(0, at), entry.slice(at + 1)]] : [];
    }),
  );

// proc_pid_stat(5): after the name in brackets come state, parent, group and session.
const stat = (proc: string, pid: string): { parent: number; session: number } | undefined => {
  const text = read(`${proc}/${pid}/stat`);
  if (text === undefined) return undefined;
  const [, parent, , session] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(parent), session: Number(session) };
};

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};
