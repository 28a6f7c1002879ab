/** The program that this is, to be started once more. */
import { dirname, join } from 'node:path';
import { templatesFolder } from '../config/paths.ts';

export const ownProgram = (args: readonly string[]): { command: string; args: string[] } => ({
  command: process.execPath,
  args: [join(dirname(templatesFolder()), 'bin', 'run.js'), ...args],
});
