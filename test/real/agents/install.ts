/**
 * Installs the agent CLIs with the programs of this platform alone: each has packages for eight or twelve platforms,
 * of which a registry may lack some. Run by `npm run test:real`.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { installOnce, isInstalledIn, run } from '../install-once.ts';

const FOLDER = dirname(fileURLToPath(import.meta.url));
const MODULES = join(FOLDER, 'node_modules');

/** The programs as the runners start them. */
export const codexProgram = join(MODULES, '.bin', 'codex');
export const claudeProgram = join(MODULES, '.bin', 'claude');
export const opencodeProgram = join(MODULES, '.bin', 'opencode');

export const agentsInstalled = (): boolean => isInstalledIn(FOLDER);

const programs = (locked: Record<string, { name?: string; version: string }>): string[] => {
  const { platform, arch } = process;
  const musl = platform === 'linux' && existsSync('/etc/alpine-release') ? '-musl' : '';
  return [
    `@openai/codex-${platform}-${arch}`,
    `@anthropic-ai/claude-code-${platform}-${arch}${musl}`,
    `opencode-${platform === 'win32' ? 'windows' : platform}-${arch}${musl}`,
  ].map((alias) => {
    const entry = locked[`node_modules/${alias}`];
    if (entry === undefined) throw new Error(`There is no ${alias} in package-lock.json.`);
    return entry.name === undefined
      ? `${alias}@${entry.version}`
      : `${alias}@npm:${entry.name}@${entry.version}`;
  });
};

/** npm runs no scripts here; these two put the programs where the packages' own names point. */
const finish = async (): Promise<void> => {
  await run(process.execPath, ['install.cjs'], join(MODULES, '@anthropic-ai', 'claude-code'));
  await run(process.execPath, ['postinstall.mjs'], join(MODULES, 'opencode-ai'));
};

export const installAgents = (): Promise<void> => installOnce({ folder: FOLDER, programs, finish });

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await installAgents();
}
