import assert from 'node:assert/strict';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import type { ArtifactKind } from '../../../src/queue/queue.ts';
import { budget, budgetOf, failedWith, succeeded, worker } from '../../support/builders.ts';
import type { Given } from './given.ts';

export const artifacts = (given: Given): void => {
  const { add, claim, end, record, textOf } = given;
  const find = async (id: string, run: number | null, kind: ArtifactKind) => {
    const found = await given.queue.artifacts.find(id, run, kind);
    return found && { run: found.run, bytes: found.bytes };
  };

  describe('artifacts', () => {
    it('are what lies in the scratch of a run when it is settled, each of its kind', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      const taken = await claim(member);
      const kinds = ['output', 'refused', 'log', 'patch'] as const;
      for (const kind of kinds) writeFileSync(taken.scratch[`${kind}Path`], `the ${kind}`);
      await end(member, taken);
      for (const kind of kinds) {
        assert.deepEqual(await find(id, 1, kind), { run: 1, bytes: `the ${kind}`.length }, kind);
        assert.equal(await textOf(id, 1, {}, kind), `the ${kind}`);
      }
    });

    it('are asked for by run, or of the last run that has one', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      for (const text of ['first', null, null]) {
        const taken = await claim(member);
        if (text !== null) writeFileSync(taken.scratch.patchPath, text);
        await member.settle(taken, failedWith('worker_stopped', taken, member), budget);
      }
      assert.deepEqual(await find(id, null, 'patch'), { run: 1, bytes: 5 });
      assert.equal(await find(id, 2, 'patch'), undefined);
      assert.equal(await textOf(id, 2, {}, 'patch'), '');
    });

    it('of any bytes are given back as they are', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      const taken = await claim(member);
      const bytes = Uint8Array.from({ length: 200_000 }, (_, at) => (at * 7) % 256);
      writeFileSync(taken.scratch.outputPath, bytes);
      await end(member, taken);
      const pieces: Uint8Array[] = [];
      for await (const piece of given.queue.artifacts.read(id, 1, 'output', { from: 1 })) pieces.push(piece);
      assert.ok(Buffer.concat(pieces).equals(bytes.subarray(1)));
      assert.equal((await record(id)).result?.output, null, 'it is no text');
      assert.equal((await record(id)).result?.output_bytes, bytes.length);
    });

    it('of a dead worker are kept, apart from those of the next run', async () => {
      const id = await add();
      const dying = await given.queue.join(worker());
      const lost = await claim(dying);
      writeFileSync(lost.scratch.logPath, 'so far');
      await given.backend.kill(dying);
      await given.queue.sweep(budgetOf);
      const member = await given.queue.join(worker());
      const taken = await claim(member);
      appendFileSync(taken.scratch.logPath, 'again');
      await member.settle(taken, succeeded(taken, member), budget);
      assert.deepEqual(await Promise.all([1, 2].map((run) => textOf(id, run, {}, 'log'))), [
        'so far',
        'again',
      ]);
    });

    it('are not there, or empty, when a run begins; its folders are', async () => {
      await add();
      const member = await given.queue.join(worker());
      const first = await claim(member);
      for (const folder of [first.scratch.taskFolder, first.lease]) assert.ok(existsSync(folder), folder);
      writeFileSync(first.scratch.outputPath, 'old');
      await member.settle(first, failedWith('worker_stopped', first, member), budget);
      const second = await claim(member);
      assert.equal(await textOf(second.id, second.run), '');
      assert.equal(second.scratch.taskFolder, first.scratch.taskFolder);
      assert.deepEqual(second.scratchOf(1), first.scratch);
      assert.notEqual(second.scratch.outputPath, first.scratch.outputPath);
    });
  });
};
