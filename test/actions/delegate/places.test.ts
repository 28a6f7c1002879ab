import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { outputPlaceOf, refuseLinkOut, withPlaces } from '../../../src/actions/delegate/places.ts';
import { refusePrograms } from '../../../src/actions/delegate/refuse-program.ts';
import { readAgentYaml } from '../../../src/config/read-yaml.ts';
import { temporaryFolder, writeFiles } from '../../config/temporary-home.ts';
import { newTask } from '../../support/builders.ts';

describe('the places that the names of a task lead to', () => {
  const folder = temporaryFolder();
  const within = (name: string) => join(folder(), name);
  const home = () => within('project/.koubou');
  beforeEach(() => {
    mkdirSync(home(), { recursive: true });
    mkdirSync(within('elsewhere'));
    writeFiles(folder(), { 'project/a.txt': 'a' });
    symlinkSync('../elsewhere', within('project/out'));
    symlinkSync('a.txt', within('project/link'));
  });

  const placed = (output: string | undefined, files: string[] = []) =>
    withPlaces(
      [
        newTask({
          cwd: within('project'),
          files: files.map((name) => ({ path: within(name), sha256: null })),
          options: output === undefined ? {} : { output: within(output) },
        }),
      ],
      () => ({ homes: { places: [home()] } }),
    )[0] ?? newTask();

  it('are kept with it: of its folder, its files and its output, links followed', () => {
    const task = placed('project/out/x', ['project/link']);
    assert.deepEqual(task.places, {
      [within('project')]: within('project'),
      [within('project/link')]: within('project/a.txt'),
      [within('project/out/x')]: within('elsewhere/x'),
    });
    assert.equal(outputPlaceOf(task), within('elsewhere/x'));
    assert.equal(outputPlaceOf(placed(undefined)), undefined);
  });

  it('are no home, no settings of an agent, and no folder', () => {
    for (const [output, message] of [
      ['project/.koubou/x', /koubou's own home/],
      ['project/.claude/settings.json', /is not written: /],
      ['project', /is not written: /],
    ] as const)
      assert.throws(() => placed(output), { code: 'usage', message, hint: /Name a file of your own/ });
  });

  it('stay in the folder before the names of many files, unless the folder of the work leads there', () => {
    const task = placed('project/out/x');
    refuseLinkOut(task, undefined);
    refuseLinkOut(task, within('project/out'));
    refuseLinkOut(placed('project/x'), within('project'));
    const bound = { ...task, cwd: within('project/none'), places: { ...task.places } };
    assert.throws(() => refuseLinkOut(bound, within('project')), {
      code: 'usage',
      message: /leads out of .*project, to .*elsewhere\/x\. Nothing was added/,
    });
  });

  it('hold no program that a config names, nor the package around it', async () => {
    writeFiles(folder(), {
      'node_modules/mine/package.json': '{}',
      'node_modules/mine/bin/run': '',
      'bin/tool': '',
    });
    symlinkSync(within('node_modules/mine/bin/run'), within('mine'));
    const { config } = readAgentYaml(
      `runners:
  a: { kind: agent, bin: '${within('mine')}', stdin: prompt }
  b: { kind: agent, bin: '${within('bin/tool')}', stdin: prompt }
  c: { kind: agent, bin: named, stdin: prompt }
`,
      'agent.yaml',
    );
    const refuse = (name: string) => refusePrograms([within('fine'), within(name)], { config, homes: [] });
    for (const name of ['mine', 'bin/tool', 'node_modules/mine/new.js'])
      await assert.rejects(refuse(name), {
        code: 'usage',
        message: new RegExp(`${within(name)} is not written: a config has .* run as a program`),
      });
    await refuse('named');
    await refuse('bin/other');
  });
});
