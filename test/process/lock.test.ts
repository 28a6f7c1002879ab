import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { selfIdentity } from '../../src/process/liveness.ts';
import { lockPath, tryLock } from '../../src/process/lock.ts';
import { makerName } from '../../src/process/maker.ts';

const RANDOM = '0123456789ab';

describe('a lock named by its holder', () => {
  let home: string;
  let path: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'koubou-lock-'));
    path = lockPath(home, 'some');
    tryToTake().release();
  });

  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const tryToTake = (options = {}): { release: () => void } => {
    const lock = tryLock(path, options);
    assert.ok(lock.held, JSON.stringify(lock));
    return lock;
  };

  const heldBy = (over: Partial<ReturnType<typeof selfIdentity>>): void => {
    writeFileSync(`${path}.1`, makerName({ ...selfIdentity(), ...over }, RANDOM));
    const ahead = new Date(Date.now() + 86_400_000);
    utimesSync(`${path}.1`, ahead, ahead);
  };

  it('is held by one, who is named, until that one gives it back', () => {
    const { release } = tryToTake();
    const other = tryLock(path);
    assert.ok(!other.held && other.pid === process.pid && other.seen);
    release();
    tryToTake().release();
    assert.equal(readdirSync(join(home, 'run')).length, 1);
  });

  it('is free at once when its holder is dead, however far ahead the clock was', () => {
    heldBy({ startTime: '1' });
    tryToTake().release();
  });

  it('is taken by one, whatever was put in the place of its files', () => {
    const victim = join(home, 'victim');
    writeFileSync(victim, 'kept');
    const planted: Record<string, (at: string) => void> = {
      'a folder with something in it': (at) => mkdirSync(join(at, 'deep'), { recursive: true }),
      'a pipe': (at) => execFileSync('mkfifo', [at]),
      'a link': (at) => symlinkSync(victim, at),
      'a long file': (at) => writeFileSync(at, 'x'.repeat(100_000)),
    };
    for (const [what, plant] of Object.entries(planted)) {
      for (const number of [2, 1e12 - 1, 1e12, 999_999_999_999_999]) {
        rmSync(join(home, 'run'), { recursive: true });
        mkdirSync(join(home, 'run'));
        plant(`${path}.${number}`);
        const { release } = tryToTake();
        if (number !== 1e12 - 1) assert.ok(!tryLock(path).held, `${what} at ${number}`);
        release();
        tryToTake().release();
      }
    }
    assert.equal(readFileSync(victim, 'utf8'), 'kept');
  });

  it('empties nothing else that was put in its place meanwhile', () => {
    const victim = join(home, 'victim');
    writeFileSync(victim, 'kept');
    const { release } = tryToTake();
    const [name = ''] = readdirSync(join(home, 'run'));
    rmSync(join(home, 'run', name));
    symlinkSync(victim, join(home, 'run', name));
    release();
    assert.equal(readFileSync(victim, 'utf8'), 'kept');
  });

  it('is free where a loss of power left anything else than a name in it', () => {
    for (const text of ['', '\0\0\0\0', 'half a na']) {
      rmSync(join(home, 'run'), { recursive: true });
      tryToTake();
      writeFileSync(`${path}.1`, text);
      tryToTake().release();
    }
  });

  it('is kept by a holder that cannot be seen, unless that one is to be passed by', () => {
    for (const over of [{ bootId: 'ffffffff-0000' }, { pidNamespace: 'pid:[1]' }]) {
      rmSync(join(home, 'run'), { recursive: true });
      tryToTake();
      heldBy(over);
      const other = tryLock(path);
      assert.ok(!other.held && !other.seen);
      tryToTake({ passUnseen: true }).release();
    }
  });

  it('is never held by two, also where holders die', async () => {
    writeFileSync(`${path}-number`, '0');
    const program = fileURLToPath(import.meta.resolve('./lock-user.ts'));
    const users = Array.from({ length: 3 }, (_, number) => {
      const dies = number < 1 ? 'dies' : 'lives';
      return spawn(process.execPath, [program, path, '25', dies], { stdio: ['ignore', 'ignore', 'inherit'] });
    });
    const ends = await Promise.all(users.map(async (user) => (await once(user, 'close'))[1]));
    assert.deepEqual(ends, ['SIGKILL', null, null]);
    assert.equal(readFileSync(`${path}-number`, 'utf8'), '75');
    const turns = readFileSync(`${path}-turns`, 'utf8').split('\n').filter(Boolean);
    // Whoever takes it after a death has nobody's leave to wait for.
    const within = turns.filter((turn, at) => turn.startsWith('-') && turns[at - 1] !== `+${turn.slice(1)}`);
    assert.deepEqual(within, []);
  });
});
