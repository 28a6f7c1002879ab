import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentLogText } from '../../src/runner/agent/log-text.ts';
import { leaseFor } from '../support/lease.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe('what an agent prints', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'koubou-log-text-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** What it is taken for when it has printed this, and nothing more for so many milliseconds. */
  const after = async (printed: string, ms: number): Promise<string> => {
    const clock = new ManualClock();
    const stdout = join(folder, `stdout-${ms}`);
    const lease = leaseFor({ logPath: join(folder, `log-${ms}`) });
    const text = await AgentLogText.open(stdout, lease, clock);
    try {
      await appendFile(stdout, printed);
      await text.look('the agent');
      await clock.advance(ms);
      await text.look('the agent');
      return 'at work';
    } catch (error) {
      return (error as Error).message;
    } finally {
      await text.close();
    }
  };

  it('is a question when it stays open and nothing follows for two seconds, and not before', async () => {
    assert.equal(await after('Trust this folder? [y/N] ', 1999), 'at work');
    assert.match(await after('Trust this folder? [y/N] ', 2000), /waits for a person: Trust this folder/);
  });

  it('is none when a model prints a question, ends the line and thinks', async () => {
    assert.equal(await after('Not logged in? [y/N]\n', 60_000), 'at work');
  });
});
