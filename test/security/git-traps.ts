/** Ways in which a repository has its own programs run by git: each with a plain git that falls for it. */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Repository } from '../support/git/repository.ts';
import { shell } from '../support/git/repository.ts';

export interface Kit {
  repository: Repository;
  /** The top of the repository. */
  folder: string;
  /** A folder outside of it. */
  outside: string;
  /** A program that leaves the marker, and passes its input on. */
  trap: string;
}

export interface Trap {
  name: string;
  plant: (kit: Kit) => void;
  /** What a plain git is asked for; how it ends is of no importance. */
  fire: string;
  /** koubou cannot do its work there either, and says so. */
  breaks?: boolean;
}

const put = (path: string, text: string, mode = 0o644): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
};

const set =
  (...settings: [name: string, value: string][]) =>
  (kit: Kit): void => {
    for (const [name, value] of settings)
      kit.repository.git('config', name, value.replaceAll('TRAP', kit.trap));
  };

const attributes = (kit: Kit, text: string): void => {
  kit.repository.write('.gitattributes', text);
  kit.repository.commit('attributes');
};

const hook = (kit: Kit, folder: string): void => {
  for (const name of [
    'post-checkout',
    'pre-commit',
    'post-commit',
    'post-index-change',
    'reference-transaction',
  ]) {
    put(join(folder, name), `#!/bin/sh\nexec '${kit.trap}'\n`, 0o755);
  }
};

/** The object of a file goes, and git believes that it can be fetched. */
const promise = (kit: Kit): void => {
  const { repository, folder } = kit;
  repository.git('config', 'core.repositoryFormatVersion', '1');
  repository.git('config', 'extensions.partialClone', 'origin');
  repository.git('config', 'remote.origin.promisor', 'true');
  const id = repository.git('rev-parse', 'HEAD:shared.txt').trim();
  rmSync(join(folder, '.git', 'objects', id.slice(0, 2), id.slice(2)));
};
const LAZY = 'git cat-file -p HEAD:shared.txt';

const driver = (kit: Kit): void => {
  attributes(kit, '* merge=evil\n');
  set(['merge.evil.driver', 'TRAP %O %A %B'])(kit);
};

export const TRAPS: readonly Trap[] = [
  {
    name: 'hooks',
    plant: (kit) => hook(kit, join(kit.folder, '.git', 'hooks')),
    fire: 'git commit --allow-empty -m x',
  },
  {
    name: 'core.hooksPath',
    plant: (kit) => {
      hook(kit, join(kit.folder, 'hooks'));
      set(['core.hooksPath', 'hooks'])(kit);
    },
    fire: 'git commit --allow-empty -m x',
  },
  { name: 'core.fsmonitor', plant: set(['core.fsmonitor', 'TRAP']), fire: 'git status' },
  {
    name: 'a clean filter',
    plant: (kit) => {
      set(['filter.evil.clean', 'TRAP'], ['filter.evil.required', 'true'])(kit);
      kit.repository.write('.gitattributes', '* filter=evil\n');
    },
    fire: 'git add -A',
  },
  {
    name: 'a smudge filter',
    plant: (kit) => {
      attributes(kit, '* filter=evil\n');
      set(['filter.evil.smudge', 'TRAP'], ['filter.evil.required', 'true'])(kit);
    },
    fire: 'rm shared.txt; git checkout shared.txt',
  },
  {
    name: 'a filter that is a process',
    plant: (kit) => {
      attributes(kit, '* filter=evil\n');
      set(['filter.evil.process', 'TRAP'])(kit);
    },
    fire: 'rm shared.txt; git checkout shared.txt',
  },
  {
    name: 'a filter named in .git/info/attributes',
    plant: (kit) => {
      put(join(kit.folder, '.git', 'info', 'attributes'), '* filter=evil\n');
      set(['filter.evil.clean', 'TRAP'], ['filter.evil.smudge', 'TRAP'])(kit);
    },
    fire: 'rm shared.txt; git checkout shared.txt',
  },
  {
    name: 'a filter named in core.attributesFile, with an odd name',
    plant: (kit) => {
      put(join(kit.folder, 'rules'), '* filter=e.v=i"l\n');
      set(
        ['core.attributesFile', 'rules'],
        ['filter.e.v=i"l.smudge', 'TRAP'],
        ['filter.e.v=i"l.clean', 'TRAP'],
      )(kit);
    },
    fire: 'rm shared.txt; git checkout shared.txt',
  },
  {
    name: 'an external diff',
    plant: set(['diff.external', 'TRAP']),
    fire: 'echo x >>shared.txt; git diff',
  },
  {
    name: 'a diff driver',
    plant: (kit) => {
      attributes(kit, '* diff=evil\n');
      set(['diff.evil.command', 'TRAP'])(kit);
    },
    fire: 'echo x >>shared.txt; git diff',
  },
  {
    name: 'textconv',
    plant: (kit) => {
      attributes(kit, '* diff=evil\n');
      set(['diff.evil.textconv', 'TRAP'])(kit);
    },
    fire: 'echo x >>shared.txt; git diff',
  },
  {
    name: 'a merge driver',
    plant: driver,
    fire: 'git checkout -qb other; echo x >>shared.txt; git commit -qam x; git checkout -q main; (echo y; cat shared.txt) >z; mv z shared.txt; git commit -qam y; git merge other',
  },
  {
    name: 'signing with gpg',
    plant: set(['commit.gpgSign', 'true'], ['gpg.program', 'TRAP'], ['user.signingKey', 'x']),
    fire: 'git commit --allow-empty -m x',
  },
  {
    name: 'signing with ssh',
    plant: set(
      ['commit.gpgSign', 'true'],
      ['gpg.format', 'ssh'],
      ['gpg.ssh.defaultKeyCommand', 'TRAP'],
      ['gpg.ssh.program', 'TRAP'],
    ),
    fire: 'git commit --allow-empty -m x',
  },
  {
    name: 'core.editor',
    plant: set(['core.editor', 'TRAP']),
    fire: 'git commit --allow-empty',
  },
  {
    name: 'a credential helper',
    plant: set(['credential.helper', '!TRAP']),
    fire: 'printf "protocol=https\\nhost=127.0.0.1\\n\\n" | git credential fill',
  },
  {
    name: 'core.askPass',
    plant: set(['core.askPass', 'TRAP']),
    fire: 'printf "protocol=https\\nhost=127.0.0.1\\n\\n" | setsid git credential fill',
  },
  {
    name: 'an object to be fetched through core.sshCommand',
    plant: (kit) => {
      promise(kit);
      set(['remote.origin.url', 'ssh://127.0.0.1/x'], ['core.sshCommand', 'TRAP'])(kit);
    },
    fire: LAZY,
    breaks: true,
  },
  {
    name: 'an object to be fetched by ext::',
    plant: (kit) => {
      promise(kit);
      set(['remote.origin.url', 'ext::TRAP'], ['protocol.ext.allow', 'always'])(kit);
    },
    fire: LAZY,
    breaks: true,
  },
  {
    name: 'an object to be fetched by another upload-pack',
    plant: (kit) => {
      promise(kit);
      shell(kit.outside, 'git init -q other');
      set(['remote.origin.url', join(kit.outside, 'other')], ['remote.origin.uploadpack', 'TRAP'])(kit);
    },
    fire: LAZY,
    breaks: true,
  },
  {
    name: 'an object to be fetched through core.gitProxy',
    plant: (kit) => {
      promise(kit);
      set(['remote.origin.url', 'git://127.0.0.1/x'], ['core.gitProxy', 'TRAP'])(kit);
    },
    fire: LAZY,
    breaks: true,
  },
  {
    name: 'core.alternateRefsCommand',
    plant: (kit) => {
      shell(
        kit.outside,
        'git init -q other && git -C other -c user.name=t -c user.email=t@t commit -q --allow-empty -m x',
      );
      put(join(kit.folder, '.git/objects/info/alternates'), `${join(kit.outside, 'other/.git/objects')}\n`);
      set(['core.alternateRefsCommand', 'TRAP'], ['remote.origin.url', join(kit.outside, 'other')])(kit);
    },
    fire: 'git fetch origin',
  },
  {
    name: 'a trailer',
    plant: set(['trailer.evil.command', 'TRAP'], ['trailer.evil.key', 'Evil']),
    fire: 'echo x | git interpret-trailers',
  },
  {
    name: 'include.path',
    plant: (kit) => {
      put(join(kit.folder, 'more'), `[core]\n\tfsmonitor = ${kit.trap}\n`);
      set(['include.path', '../more'])(kit);
    },
    fire: 'git status',
  },
  {
    name: 'includeIf',
    plant: (kit) => {
      put(join(kit.folder, 'more'), `[core]\n\tfsmonitor = ${kit.trap}\n`);
      set([`includeIf.gitdir:${kit.folder}/.path`, join(kit.folder, 'more')])(kit);
    },
    fire: 'git status',
  },
  {
    name: 'config.worktree',
    plant: (kit) => {
      set(['extensions.worktreeConfig', 'true'])(kit);
      put(join(kit.folder, '.git', 'config.worktree'), `[core]\n\tfsmonitor = ${kit.trap}\n`);
    },
    fire: 'git status',
  },
  {
    name: 'a filter of a submodule',
    plant: (kit) => {
      const within =
        'git init -q && echo x >a && git add a && git -c user.name=t -c user.email=t@t commit -qm x';
      mkdirSync(join(kit.folder, 'module'));
      shell(
        join(kit.folder, 'module'),
        `${within} && git config filter.evil.clean '${kit.trap}' && echo '* filter=evil' >.git/info/attributes && echo y >a`,
      );
      kit.repository.commit('a module');
    },
    fire: 'git status',
  },
  {
    name: 'core.fsmonitor of a submodule',
    plant: (kit) => {
      const within =
        'git init -q && echo x >a && git add a && git -c user.name=t -c user.email=t@t commit -qm x';
      mkdirSync(join(kit.folder, 'module'));
      shell(join(kit.folder, 'module'), within);
      kit.repository.commit('a module');
      shell(join(kit.folder, 'module'), `git config core.fsmonitor '${kit.trap}'`);
    },
    fire: 'git status',
  },
  {
    name: 'submodule.update',
    plant: (kit) => {
      const id = kit.repository.git('rev-parse', 'HEAD').trim();
      kit.repository.git('update-index', '--add', '--cacheinfo', `160000,${id},module`);
      put(join(kit.folder, '.gitmodules'), `[submodule "module"]\n\tpath = module\n\turl = ${kit.folder}\n`);
      kit.repository.git('add', '.gitmodules');
      kit.repository.git('commit', '-qm', 'a module');
      set(
        ['submodule.module.url', kit.folder],
        ['submodule.module.update', '!TRAP'],
        ['submodule.recurse', 'true'],
      )(kit);
    },
    fire: 'git -c protocol.file.allow=always submodule update --init',
  },
  {
    name: 'a git among the tools of the project',
    plant: (kit) => {
      for (const folder of ['node_modules/.bin', 'bin'])
        put(join(kit.folder, folder, 'git'), readFileSync(kit.trap, 'utf8'), 0o755);
    },
    fire: 'PATH=$PWD/node_modules/.bin:$PATH git status',
  },
];
