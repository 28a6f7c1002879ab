/**
 * Which words of a command line are a program for somebody: a shell behind any other program, an interpreter, a remote
 * shell. A file's name may hold anything, `$(…)` too; as a word of its own it harms nobody, as a piece of a program it
 * is run. Pure.
 */
import { basename } from 'node:path';

export interface Word {
  /** Without its quotes; a placeholder stands for itself. */
  text: string;
  /** What of it stands there as it is: without placeholders, and what a shell fills in. */
  said: string;
  /** Whether the name of a file becomes part of it, or may: by a variable, by what a program prints. */
  holds: boolean;
  /** What stands before it in a shell's program: it names a file. */
  redirects?: '<' | '>' | undefined;
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
/** Options of any program that take a program. */
const LONG_OPTION =
  /^--(checkpoint-action|to-command|use-compress-program|rsh|rsh-command|eval|exec|command|call|split-string)(=|$)/;
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

/** What takes a name of a file as a piece of its program; undefined: nothing does. `anywhere`: whatever stands before it. */
export const programHolder = (words: readonly Word[], anywhere = false): string | undefined => {
  const wrapped = anywhere || WRAPPERS.has(nameOf(words[0]?.text ?? ''));
  for (const [at, { text }] of words.entries()) {
    const name = nameOf(text);
    const rest = words.slice(at + 1);
    const isCommand = at === 0 || wrapped;
    const found =
      (SHELLS.has(name) && shellHolds(rest)) ||
      (Object.hasOwn(WITH_OPTION, name) && optionHolds(rest, WITH_OPTION[name] as RegExp)) ||
      (isCommand && EVALUATORS.has(name) && rest.some(({ holds }) => holds)) ||
      (isCommand && firstHolds(rest, WITHOUT_OPTION[name])) ||
      optionHolds(words.slice(at), LONG_OPTION);
    if (found) return text;
  }
  return undefined;
};

/** Words of a shell by which a text is read as a program, or a number as one (`a[$(…)]`). */
const READS_AGAIN = setOf('eval source trap alias let declare typeset mapfile readarray bind coproc');
/** As they stand in programs of other languages, where a name comes as a value. */
const CALLS = /\b(system|popen)\s*\(|\bgetline\b|\(\(|\[\[.*\s-(eq|ne|lt|le|gt|ge)\s/s;
/** Words that a shell knows before a command, and values that are set for it. */
const BEFORE = /^(if|then|else|elif|while|until|do|!|\{|time|[A-Za-z_]\w*\+?=.*)$/s;
/** They do nothing with a text but compare and show it. */
const SHOWS = setOf('echo printf test [ [[ grep egrep fgrep rg case');
/** A path or an option with a value: no known language takes it for code. */
const PLAIN = /^[\p{L}\p{N}\w./:=@%+,~^-]*$/u;

/**
 * What in a check would read a name of a file again, as the end of a sentence; undefined: nothing that could. Everything
 * that runs a text counts, wherever it stands: by which way a name comes to it (a variable, a pipe, a file) is not asked.
 */
export const readsAgain = (program: string, commands: readonly (readonly Word[])[]): string | undefined => {
  const texts = program.split(/[\s;&|(){}'"`$<>=!]+/);
  const again = texts.find((text) => READS_AGAIN.has(text) || EVALUATORS.has(text));
  if (again !== undefined) return `a program with \`${again}\` in it`;
  if (CALLS.test(program)) return 'a program that starts or counts by what it is given';
  const all = commands.flat();
  const runs = all.find(({ text }) => readsProgram(nameOf(text)));
  if (runs !== undefined && all.some(writesFile))
    return `a program that writes a file beside \`${runs.text}\``;
  if (runs !== undefined && all.some(({ text }) => nameOf(text) === 'xargs'))
    return `a program with \`xargs\` and \`${runs.text}\``;
  for (const command of commands) {
    const words = command.filter(({ redirects }) => redirects === undefined);
    const holder = programHolder(words, true);
    if (holder !== undefined) return `the program of \`${holder}\``;
    if (words.some(({ text }, at) => text === '.' && /^[^-]/.test(words[at + 1]?.text ?? '')))
      return 'a program that reads another one';
    if (words.some(({ text }, at) => readsProgram(nameOf(text)) && readsInput(words.slice(at + 1))))
      return 'what a shell reads as its program';
    const first = words.find(({ text }) => !BEFORE.test(text))?.text;
    if (READERS.has(nameOf(first ?? ''))) return `what \`${first}\` reads`;
    const odd = words.find(({ said, holds, text }) => holds && !PLAIN.test(said) && !BEFORE.test(text));
    if (odd !== undefined && !SHOWS.has(first ?? '')) return `a text for \`${first}\``;
    const sets = words.find(({ said, holds }) => holds && /^[A-Za-z_]\w*=/.test(said));
    if (sets !== undefined && MAKES.has(nameOf(first ?? ''))) return `a variable of \`${first}\``;
  }
  return undefined;
};

/** They do what they read. */
const READERS = setOf('at batch crontab m4 bc dc ed ex sqlite3 psql mysql gnuplot ftp sftp xonsh');

const readsProgram = (name: string): boolean => SHELLS.has(name) || Object.hasOwn(WITH_OPTION, name);

/** They put variables into what a shell runs. */
const MAKES = setOf('make gmake bmake just task ninja');

const writesFile = ({ text, redirects }: Word): boolean =>
  redirects === '>'
    ? !/^(\/dev\/(null|stdout|stderr)|[0-9-])$/.test(text)
    : ['tee', 'dd'].includes(nameOf(text));

/** Whether a shell takes its program from what it reads. */
const readsInput = (words: readonly Word[]): boolean =>
  words.every(({ text }) => /^[-+]/.test(text) && !/^-[a-zA-Z]*c$/.test(text));

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
