/** Puts into a laid-out home what does not belong there. */
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { type Owner, ownAll } from './lay-out.ts';
import type { Plant } from './plants.ts';
import type { Target } from './stage.ts';

/** Stands in everything that lies outside of the home. */
export const MARKER = 'CANARY-7f3a9c';

/** Puts a plant in the place of a target. What lies outside is of the target's own kind, with the marker in it. */
export const plantAt =
  (target: Target, plant: Plant, owner: Owner | null) =>
  async (home: string, outside: string): Promise<void> => {
    const path = join(home, target.path);
    const facts = fs.lstatSync(path, { throwIfNoEntry: false });
    const original = facts?.isFile() === true ? fs.readFileSync(path) : null;
    const beside = { file: join(outside, 'file'), folder: join(outside, 'folder') };
    fs.writeFileSync(beside.file, marked(original));
    if (facts?.isDirectory() === true) fs.cpSync(path, beside.folder, { recursive: true });
    fs.mkdirSync(beside.folder, { recursive: true });
    for (const name of ['run-1.output', 'run-1.log', 'run-1.patch', 'permit', 'made']) {
      fs.writeFileSync(join(beside.folder, name), `${MARKER}\n`);
    }
    for (const name of fs.readdirSync(beside.folder)) {
      const full = join(beside.folder, name);
      if (fs.lstatSync(full).isFile()) fs.writeFileSync(full, marked(fs.readFileSync(full)));
    }
    fs.rmSync(path, { recursive: true, force: true });
    fs.mkdirSync(dirname(path), { recursive: true });
    await plant.make({ path, original, outside: beside });
    if (owner === null) return;
    ownAll(outside, owner);
    ownAll(home, owner);
    if (plant.isOfRoot === true) fs.lchownSync(path, 0, 0);
  };

/** The same file to whoever reads it, but for the marker. */
const marked = (original: Buffer | null): string => {
  const text = original?.toString() ?? '';
  if (!text.startsWith('{')) return `${text}${MARKER}\n`;
  return text.includes('"prompt":"')
    ? text.replace('"prompt":"', `"prompt":"${MARKER} `)
    : text.replace('{', `{"marker":"${MARKER}",`);
};
