/**
 * What a git is told so that nothing of the repository runs, nothing is fetched, and what is written lasts. Pure data; git.ts
 * says why.
 */
import type { OwnGit } from './place.ts';

/** What is asked of a repository itself. None of these reads a file of the work tree or runs a filter. */
export const FACTS: ReadonlySet<string> = new Set([
  'rev-parse',
  'config',
  'for-each-ref',
  'show-ref',
  'update-ref',
  'symbolic-ref',
  'branch',
  'worktree',
]);

/** Whatever the repository's settings say: those of the command line come last. */
export const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.safecrlf=false',
  'core.quotePath=false',
  'core.sshCommand=false',
  'core.gitProxy=false',
  'core.askPass=false',
  'core.editor=false',
  'core.pager=cat',
  'core.alternateRefsCommand=true',
  'credential.helper=',
  'protocol.allow=never',
  'commit.gpgSign=false',
  'tag.gpgSign=false',
  'log.showSignature=false',
  'gpg.program=false',
  'gpg.ssh.program=false',
  'gpg.x509.program=false',
  'gpg.ssh.defaultKeyCommand=false',
  'sequence.editor=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'fetch.recurseSubmodules=false',
  'submodule.recurse=false',
  'diff.ignoreSubmodules=all',
  'status.submoduleSummary=false',
  'worktree.useRelativePaths=false',
  'advice.detachedHead=false',
].flatMap((setting) => ['-c', setting]);

/**
 * What is written into a repository is on the device before git names it: an object that a power cut left empty would be
 * taken for one that is there. A git before 2.36 knows the last one alone.
 */
export const DURABLE = ['core.fsync=all', 'core.fsyncMethod=fsync', 'core.fsyncObjectFiles=true'].flatMap(
  (setting) => ['-c', setting],
);
/** What a newer git says of the last one, each time. */
export const SAID_OF_DURABLE = /^warning: core\.fsyncObjectFiles is deprecated.*\n?/gm;

/** The same where a variable has the last word, or no setting exists. */
export const VARIABLES = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_PAGER: 'cat',
  GIT_EDITOR: 'false',
  GIT_ASKPASS: 'false',
  SSH_ASKPASS: 'false',
  GIT_SSH_COMMAND: 'false',
  // A git before 2.45 knows no GIT_NO_LAZY_FETCH: it may try to fetch a missing object, and finds no way that is allowed.
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_PROTOCOL_FROM_USER: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_ATTR_NOSYSTEM: '1',
};

/** In koubou's own git folder neither the user's nor the system's settings hold: own-git.ts has taken what is needed. */
export const ownVariables = ({ path, top, objects }: OwnGit): Record<string, string> => ({
  GIT_DIR: path,
  GIT_WORK_TREE: top,
  GIT_OBJECT_DIRECTORY: objects.written,
  ...(objects.written === objects.read
    ? {}
    : {
        GIT_ALTERNATE_OBJECT_DIRECTORIES: /[:"]/.test(objects.read)
          ? JSON.stringify(objects.read)
          : objects.read,
      }),
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_CONFIG_GLOBAL: '/dev/null',
  HOME: path,
  XDG_CONFIG_HOME: path,
});
