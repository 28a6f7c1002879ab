/**
 * A git folder of koubou's own beside a repository: the same objects and the same work tree, and of its settings only
 * those of git-settings.ts. Whatever stands in the repository's config, hooks, drivers or remotes, or comes to stand
 * there while git runs, is not there. What is data (ignore rules, attributes, the list of a sparse checkout) is copied.
 */
import { access, appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../names/remove-tree.ts';
import { readTextFile } from '../text/formats/read-text.ts';
import { gitOutput } from './git.ts';
import { copySharedIndex } from './own-index.ts';
import { type GitPlace } from './place.ts';
import { refuseLinkedFolders } from './repository/linked-folders.ts';
import type { Repository } from './repository/repository.ts';
import { allowedSettings, settingsFile, userFile } from './settings.ts';

export interface OwnGitOptions {
  /** Absolute: the folder that is made, in place of what is there. */
  path: string;
  repository: Repository;
  /** Where new objects go: into the repository, or into a folder of their own. */
  objects: { in: 'repository' } | { in: 'folder'; folder: string };
}

/** Many projects have long lists of rules; nobody has longer ones. */
const MOST_RULES = 4 * 1024 * 1024;

/** `place`: where git finds the repository. Returns the same place, for what reads and writes contents there. */
export const ownGit = async (
  place: GitPlace,
  { path, repository, objects }: OwnGitOptions,
): Promise<GitPlace> => {
  const { top, gitFolder, commonFolder } = repository;
  if (objects.in === 'repository') await refuseLinkedFolders(commonFolder);
  await removeTree(path);
  await mkdir(join(path, 'info'), { recursive: true, mode: 0o700 });
  await mkdir(join(path, 'refs'));
  const listed = (await gitOutput(place, ['config', '--list', '-z'])).toString('utf8');
  const settings = new Map(allowedSettings(listed));
  const { HOME } = place.environment;
  const [ignore, attributes] = [
    userFile(listed, 'core.excludesfile', HOME) ?? usualFile(HOME, 'ignore'),
    userFile(listed, 'core.attributesfile', HOME) ?? usualFile(HOME, 'attributes'),
  ];
  const copies: [from: string | undefined, to: string][] = [
    [ignore, 'ignore'],
    [attributes, 'attributes'],
    [join(commonFolder, 'info', 'exclude'), join('info', 'exclude')],
    [join(commonFolder, 'info', 'attributes'), join('info', 'attributes')],
    [join(gitFolder, 'info', 'sparse-checkout'), join('info', 'sparse-checkout')],
    [join(commonFolder, 'shallow'), 'shallow'],
  ];
  for (const [from, to] of copies) {
    const text = from === undefined ? undefined : read(from);
    if (text !== undefined) await writeFile(join(path, to), text);
  }
  // Nobody hides a change by an attribute, nor has both sides of a conflict kept; the first rule for a name is that of this file.
  await appendFile(join(path, 'info', 'attributes'), '\n* !diff !merge\n');
  settings.set('core.excludesfile', join(path, 'ignore'));
  settings.set('core.attributesfile', join(path, 'attributes'));
  // As it is, and not as it was where the repository was made: else git takes a new file for one of another case.
  settings.set('core.ignorecase', String(await isThere(join(commonFolder, 'oBjEcTs'))));
  await copySharedIndex(gitFolder, path);
  await writeFile(join(path, 'HEAD'), 'ref: refs/heads/koubou\n');
  await writeFile(join(path, 'config'), settingsFile(settings));
  const stored = join(commonFolder, 'objects');
  const written = objects.in === 'repository' ? stored : objects.folder;
  await mkdir(written, { recursive: true });
  const { environment, signal, folder, leaseFolder } = place;
  return { folder, environment, signal, leaseFolder, own: { path, top, objects: { written, read: stored } } };
};

const isThere = (name: string): Promise<boolean> =>
  access(name).then(
    () => true,
    () => false,
  );

const usualFile = (home: string | undefined, name: string): string | undefined =>
  home === undefined ? undefined : join(home, '.config', 'git', name);

/** What is no file, or a very large one, has no rules. */
const read = (path: string): string | undefined => {
  try {
    return readTextFile(path, { mostBytes: MOST_RULES });
  } catch {
    return undefined;
  }
};
