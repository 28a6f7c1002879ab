/** File systems that hold no files: reading them may wait for ever, and their listing has no end. */
import { statfs } from 'node:fs/promises';
import { KoubouError } from '../../errors.ts';
import { field, say } from '../../say/say.ts';

/** Linux' numbers of them; elsewhere no file system has any of these. */
const PSEUDO = new Map([
  [0x9fa0, 'proc'],
  [0x62656572, 'sysfs'],
  [0x27e0eb, 'cgroup'],
  [0x63677270, 'cgroup2'],
  [0x64626720, 'debugfs'],
  [0x74726163, 'tracefs'],
  [0x73636673, 'securityfs'],
  [0x62656570, 'configfs'],
  [0x1cd1, 'devpts'],
  [0xcafe4a11, 'bpf'],
  [0x6165676c, 'pstore'],
  [0xde5e81e4, 'efivarfs'],
  [0x42494e4d, 'binfmt_misc'],
  [0x19800202, 'mqueue'],
  [0x65735543, 'fusectl'],
  [0xf97cff8c, 'selinux'],
]);

/** The name of the pseudo file system that a path lies on. */
export const pseudoSystem = async (folder: string | Buffer): Promise<string | undefined> => {
  if (process.platform !== 'linux') return undefined;
  const { type } = await statfs(folder);
  return PSEUDO.get(type);
};

/** Throws `usage`. */
export const requireRealFiles = async (folder: string): Promise<void> => {
  const name = await pseudoSystem(folder);
  if (name === undefined) return;
  throw new KoubouError('usage', `${folder} lies on ${name}, which holds no files that could be worked on.`, {
    hint: say`Delegate with another ${field('cwd')}.`,
  });
};
