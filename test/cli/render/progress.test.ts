import assert from 'node:assert/strict';
import { renderProgress } from '../../../src/cli/render/progress.ts';

const plain = (_: unknown, text: string) => text;
const progress = { total: 12, ended: 6, failed: 0, running: 2, seconds: 65 };

describe('the progress of many tasks', () => {
  it('is a bar and what is known', () => {
    assert.equal(
      renderProgress(progress, 80, plain),
      `[${'#'.repeat(20)}${'.'.repeat(20)}]  6/12  2 running  1m 05s`,
    );
  });

  it('tells of failures only where there are some', () => {
    assert.match(renderProgress({ ...progress, failed: 3 }, 80, plain), /6\/12 {2}3 failed {2}2 running/);
    assert.match(
      renderProgress({ ...progress, failed: 3 }, 80, (colour, text) => `<${colour} ${text}>`),
      /<red 3 failed>/,
    );
  });

  for (const columns of [0, 1, 10, 20, 30, 40, 79, 80, 200]) {
    it(`stays within ${columns} columns`, () => {
      for (const ended of [0, 1, 12]) {
        const line = renderProgress({ ...progress, ended, failed: 1 }, columns, plain);
        assert.ok(line.length <= Math.max(0, columns - 1), line);
      }
    });
  }

  it('is full at the end, and never before', () => {
    assert.ok(!renderProgress({ ...progress, ended: 12 }, 80, plain).includes('.'));
    assert.ok(renderProgress({ ...progress, total: 1000, ended: 999 }, 80, plain).includes('.'));
  });
});
