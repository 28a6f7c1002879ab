/** Names that no result is written below, wherever they stand in a path, by why. Pure. */

const REPOSITORY = "a repository's own files";
const AGENT = 'settings and hooks of an agent';
export const KEYS = 'keys, and who may log in';

/** Wherever it stands in a path. */
export const ANYWHERE: Readonly<Record<string, string>> = {
  '.git': REPOSITORY,
  '.hg': REPOSITORY,
  '.svn': REPOSITORY,
  '.bzr': REPOSITORY,
  '.jj': REPOSITORY,
  '.koubou': "koubou's own home",
  '.claude': AGENT,
  '.codex': AGENT,
  '.gemini': AGENT,
  '.cursor': AGENT,
  '.opencode': AGENT,
  '.agents': AGENT,
  '.mcp.json': AGENT,
  'opencode.json': AGENT,
  'opencode.jsonc': AGENT,
  '.qwen': AGENT,
  '.augment': AGENT,
  '.cline': AGENT,
  '.clinerules': AGENT,
  'crush.json': AGENT,
  '.crush.json': AGENT,
  '.kilocode': AGENT,
  '.roo': AGENT,
  '.factory': AGENT,
  '.amp': AGENT,
  '.continue': AGENT,
  '.windsurf': AGENT,
  '.goose': AGENT,
  '.kiro': AGENT,
  '.junie': AGENT,
  '.copilot': AGENT,
  '.zed': AGENT,
  '.trae': AGENT,
  '.qoder': AGENT,
  '.devcontainer': AGENT,
  '.aider.conf.yml': AGENT,
  '.husky': 'hooks that git runs',
  '.ssh': KEYS,
  '.gnupg': KEYS,
  '.aws': KEYS,
  '.kube': KEYS,
};

const namesOf = (why: string): string[] => Object.keys(ANYWHERE).filter((name) => ANYWHERE[name] === why);
/** In a project: what an agent obeys that starts there. */
export const OBEYED: readonly string[] = namesOf(AGENT);
/** In a project: what the user's own version control runs hooks and settings of. */
export const REPOSITORIES: readonly string[] = namesOf(REPOSITORY);
