/**
 * Whether this process runs in a sandbox that an agent made for one command: what is started in there ends with the
 * command, or reaches no server. A container that people live in (Docker, a devcontainer) is none.
 */
import { readFileSync, readlinkSync } from 'node:fs';

type Variables = Readonly<Record<string, string | undefined>>;

export interface SandboxFacts {
  /** Of the first process of this process namespace; null: it cannot be seen. */
  init: { name: string; session: number } | null;
  /** Process ids of this process, one for each namespace from that of /proc inwards. */
  depth: number;
  /** Whether the process namespace is that of the machine. */
  isOutermost: boolean;
  /** It has a network of its own, other than that of the first process, with nothing but loopback in it. */
  isCutOff: boolean;
}

/** Programs whose process namespaces live as long as one command. */
const SANDBOX_TOOLS = /^(bwrap|codex-linux-san|codex|srt|nsjail|firejail|unshare)$/;
/** First processes of containers and machines, under whatever session they were started. */
const INITS =
  /^(systemd|init|tini|dumb-init|docker-init|catatonit|s6-svscan|runit|runsvdir|pause|sinit|openrc-init|conmon|podman-init|supervisord|launchd)/;

/** How the sandbox is called, or undefined where there is none. Pure. */
export const sandboxIn = (variables: Variables, look: () => SandboxFacts | undefined): string | undefined => {
  if (isOn(variables['SANDBOX_RUNTIME'])) return "the sandbox of the agent's shell";
  if (isOn(variables['CODEX_SANDBOX']) || isOn(variables['CODEX_SANDBOX_NETWORK_DISABLED'])) {
    return "Codex's sandbox";
  }
  const facts = look();
  if (facts === undefined) return undefined;
  const { init, depth, isOutermost, isCutOff } = facts;
  if (depth > 1) return 'a sandbox with processes of its own';
  if (!isOutermost && init !== null && isShortLived(init)) return 'a sandbox with processes of its own';
  return isCutOff ? 'a sandbox without a network' : undefined;
};

const isShortLived = ({ name, session }: { name: string; session: number }): boolean =>
  SANDBOX_TOOLS.test(name) || (session === 0 && !INITS.test(name));

const isOn = (value: string | undefined): boolean =>
  !['', '0', 'false'].includes(value?.trim().toLowerCase() ?? '');

/** As proc_ns.h has it, for every machine. */
const OUTERMOST = 'pid:[4026531836]';

/** What /proc says; undefined where there is none to be trusted. */
export const sandboxFacts = (proc = '/proc'): SandboxFacts | undefined => {
  const status = read(`${proc}/self/status`);
  // Flatpak's is a bubblewrap, too, and lives as long as the program that a person started.
  if (status === undefined || read('/.flatpak-info') !== undefined) return undefined;
  const pids = /^NSpid:(.*)$/m.exec(status)?.[1]?.trim().split(/\s+/) ?? [];
  const [own, first] = [linkOf(`${proc}/self/ns/net`), linkOf(`${proc}/1/ns/net`)];
  return {
    init: initOf(read(`${proc}/1/stat`)),
    depth: pids.length,
    isOutermost: linkOf(`${proc}/self/ns/pid`) === OUTERMOST,
    isCutOff: own !== undefined && first !== undefined && own !== first && hasNoDevice(proc),
  };
};

const hasNoDevice = (proc: string): boolean => {
  const names = [...(read(`${proc}/self/net/dev`) ?? '').matchAll(/^\s*(\S+?):/gm)].map(([, name]) => name);
  return names.length > 0 && names.every((name) => name === 'lo');
};

// proc_pid_stat(5): the name stands in brackets and may hold any; the session is the fourth field behind it.
const initOf = (stat: string | undefined): SandboxFacts['init'] => {
  if (stat === undefined) return null;
  const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  const session = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
  return Number.isNaN(session) ? null : { name, session };
};

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

const linkOf = (path: string): string | undefined => {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
};
