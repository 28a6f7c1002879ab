/**
 * Which words of a command line are a program for somebody: a shell behind any other program, an interpreter, a remote
 * shell. A file's name may hold anything, `$(…)` too; as a word of its own it harms nobody, as a piece of a program it
 * is run. Pure.
 */
import { basename } from 'node:path';

export interface Word {
  /** Without its quotes; a placeholder stands for itself. */
  text: string;
  /** Whether the name of a file becomes part of it. */
  holds: boolean;
}

const setOf = (names: string): ReadonlySet<string> => new Set(names.split(' '));

const SHELLS = setOf(
  'sh bash dash zsh ksh ash mksh oksh pdksh yash fish csh tcsh rbash rzsh rksh hush posh osh bosh jsh ysh nu elvish xonsh',
);
/** They take a program behind an option. */
const WITH_OPTION: Readonly<Record<string, RegExp>> = {
  python: /^-[a-zA-Z]*c/,
  pypy: /^-[a-zA-Z]*c/,
  node: /^(-[a-z]*[ep]|--eval|--print)/,
  nodejs: /^(-[a-z]*[ep]|--eval|--print)/,
  bun: /^(-[ep]|--eval|--print|eval$)/,
  deno: /^eval$/,
  perl: /^-[a-zA-Z0]*[eE]/,
  ruby: /^-[a-zA-Z]*e/,
  php: /^-[rBRE]/,
  lua: /^-e/,
  luajit: /^-e/,
  rscript: /^-e/,
  osascript: /^-[a-z]*e/,
  tclsh: /^-c/,
  expect: /^-c/,
  vim: /^(-c|--cmd|\+)/,
  nvim: /^(-c|--cmd|\+)/,
  emacs: /^(-eval|--eval)/,
  gdb: /^(-ex|-iex|--eval-command|--init-eval-command)/,
  su: /^(-[a-z]*c|--command|--session-command)/,
  runuser: /^(-[a-z]*c|--command|--session-command)/,
  sg: /^-c/,
  script: /^(-[a-z]*c|--command)/,
  flock: /^(-[a-z]*c|--command)/,
  npx: /^(-c|--call)/,
  npm: /^(-c|--call)/,
  'nix-shell': /^--(run|command)/,
  env: /^(-[a-zA-Z]*S|--split-string)/,
};
/** All words behind them are joined and run. */
const EVALUATORS = setOf(
  'eval trap alias ssh slogin rsh mosh autossh watch parallel sem hyperfine tmux screen pdsh clush dsh pwsh powershell',
);
/** The first word that is no option is a program, unless an option gives one. */
const WITHOUT_OPTION: Readonly<Record<string, { program: RegExp; takesNext: RegExp }>> = {
  awk: { program: /^(-f|--file|-E|--exec|-e|--source)/, takesNext: /^-[vFief]$/ },
  gawk: { program: /^(-f|--file|-E|--exec|-e|--source)/, takesNext: /^-[vFief]$/ },
  mawk: { program: /^-f/, takesNext: /^-[vFf]$/ },
  nawk: { program: /^-f/, takesNext: /^-[vFf]$/ },
  sed: {
    program: /^(-[a-zA-Z]*[ef]|--expression|--file)/,
    takesNext: /^(-[a-zA-Z]*[efl]|--expression|--file)$/,
  },
  gsed: {
    program: /^(-[a-zA-Z]*[ef]|--expression|--file)/,
    takesNext: /^(-[a-zA-Z]*[efl]|--expression|--file)$/,
  },
};
/** They run the words behind them, wherever these begin. */
const WRAPPERS = setOf(
  'env timeout nice ionice nohup setsid stdbuf time sudo doas command builtin exec chrt taskset busybox toybox unshare ' +
    'nsenter chroot setpriv systemd-run systemd-inhibit flock strace ltrace firejail bwrap xvfb-run caffeinate torsocks ' +
    'proxychains sshpass docker podman nerdctl kubectl lxc xargs find uv poetry pipenv conda mamba direnv valgrind perf ' +
    'faketime fakeroot eatmydata prlimit numactl cgexec runcon choom tini dumb-init gosu su-exec mise asdf nix npx npm ' +
    'pnpm yarn bundle rlwrap unbuffer setarch linux32 linux64 cpulimit gtimeout gnice genv dbus-run-session not',
);

const nameOf = (word: string): string =>
  basename(word)
    .toLowerCase()
    .replace(/\.exe$/, '')
    .replace(/(?<=.)-?[\d.]+$/, '');

/** What takes a name of a file as a piece of its program; undefined: nothing does. */
export const programHolder = (words: readonly Word[]): string | undefined => {
  const wrapped = WRAPPERS.has(nameOf(words[0]?.text ?? ''));
  for (const [at, { text }] of words.entries()) {
    const name = nameOf(text);
    const rest = words.slice(at + 1);
    const isCommand = at === 0 || wrapped;
    const found =
      (SHELLS.has(name) && shellHolds(rest)) ||
      (Object.hasOwn(WITH_OPTION, name) && optionHolds(rest, WITH_OPTION[name] as RegExp)) ||
      (isCommand && EVALUATORS.has(name) && rest.some(({ holds }) => holds)) ||
      (isCommand && firstHolds(rest, WITHOUT_OPTION[name]));
    if (found) return text;
  }
  return undefined;
};

/** Whether it is a shell that takes its program from what it reads. */
export const readsProgram = (words: readonly Word[]): boolean => {
  const at = words.findIndex(({ text }) => SHELLS.has(nameOf(text)));
  if (at === -1 || (at > 0 && !WRAPPERS.has(nameOf(words[0]?.text ?? '')))) return false;
  return words.slice(at + 1).every(({ text }) => /^[-+]/.test(text) && !/^-[a-zA-Z]*c$/.test(text));
};

/** Whether it puts what it reads into the words of a program. */
export const putsIntoProgram = (words: readonly Word[]): boolean => {
  const names = words.map(({ text }) => nameOf(text));
  if (names.some((name) => name === 'parallel' || name === 'sem')) return true;
  const replaces = words.some(({ text }) => /^(-[Ii]|--replace)/.test(text));
  return (
    names.includes('xargs') && replaces && names.some((name) => SHELLS.has(name) || EVALUATORS.has(name))
  );
};

const shellHolds = (words: readonly Word[]): boolean => {
  let isProgram = false;
  for (let at = 0; at < words.length; at += 1) {
    const { text, holds } = words[at] as Word;
    const isOption = /^[-+]./.test(text) && text !== '--';
    if (!isOption) {
      const program = text === '--' ? words[at + 1] : words[at];
      return isProgram && program?.holds === true;
    }
    if (/^(-[a-zA-Z]*c[a-zA-Z]*$|--command|-c)/.test(text)) isProgram = true;
    if (isProgram && holds) return true;
    if (/^[-+][a-zA-Z]*[oO]$|^--(rcfile|init-file)$/.test(text)) at += 1;
  }
  return false;
};

/** `-c PROGRAM`, `-cPROGRAM`, `--eval=PROGRAM`. */
const optionHolds = (words: readonly Word[], option: RegExp): boolean =>
  words.some(({ text, holds }, at) => option.test(text) && (holds || words[at + 1]?.holds === true));

const firstHolds = (
  words: readonly Word[],
  rule: { program: RegExp; takesNext: RegExp } | undefined,
): boolean => {
  if (rule === undefined) return false;
  if (words.some(({ text }) => rule.program.test(text))) return optionHolds(words, rule.program);
  for (let at = 0; at < words.length; at += 1) {
    const { text, holds } = words[at] as Word;
    if (!/^-./.test(text)) return holds;
    if (rule.takesNext.test(text)) at += 1;
  }
  return false;
};
