/**
 * Names that git puts into no index (verify_path in git's read-cache.c), and follows where somebody else wrote them into one:
 * its next checkout would write a hook, or outside of the work tree. Pure.
 */

/** What HFS+ leaves out when it compares names (is_hfs_dotgit in git's utf8.c). */
const IGNORED_BY_HFS = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;
/** What NTFS takes for `.git` (is_ntfs_dotgit in git's path.c). */
const GIT_ON_NTFS = /^(?:\.git|git~1)[ .]*(?::.*)?$/i;

/** `name`: with slashes, as text or in git's bytes as latin1. */
export const gitRefuses = (name: string): boolean => {
  const text = Buffer.from(name, 'latin1').toString('utf8');
  return [name, text].some((each) =>
    each.split('/').some((part) => part === '' || part === '.' || part === '..' || isGitFolder(part)),
  );
};

const isGitFolder = (part: string): boolean =>
  part.replace(IGNORED_BY_HFS, '').toLowerCase() === '.git' ||
  part.split('\\').some((each) => GIT_ON_NTFS.test(each));
