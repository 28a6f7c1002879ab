/** pg-boss on a PostgreSQL server of its own, which fsyncs at each commit as it does by default. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import type { Driver, Job, Place } from '../driver.ts';

const NAME = 'peer';
/** The least that it allows, in seconds; its workers say so often that they live. */
const HEARTBEAT = 10;

const urlOf = ({ port }: Place): string => `postgres://postgres@127.0.0.1:${port}/postgres`;

/** PostgreSQL refuses to run as root. */
const asUser = ['--reuid=postgres', '--regid=postgres', '--clear-groups'];

const binaries = (): string => {
  const root = '/usr/lib/postgresql';
  const [newest] = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return join(root, newest ?? '', 'bin');
};

/** Its key of a job: a second one with the same id is not added. */
const uuidOf = (id: string): string => {
  const hex = createHash('sha256').update(id).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
};

const start = async (place: Place, over = {}): Promise<PgBoss> => {
  const boss = new PgBoss({ connectionString: urlOf(place), ...over });
  boss.on('error', (error) => console.error(String(error)));
  await boss.start();
  return boss;
};

const query = async (
  place: Place,
  text: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: urlOf(place) });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
};

/** Without heartbeats all is as it is by default: an orphan waits for the expiry of 15 minutes. */
export const pgBoss = (heartbeats: boolean): Driver => ({
  async serve(place) {
    const data = join(place.folder, 'postgres');
    if (!existsSync(data)) {
      mkdirSync(data);
      const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'])));
      chownSync(data, uid as number, gid as number);
      execFileSync(
        'setpriv',
        [...asUser, join(binaries(), 'initdb'), '-A', 'trust', '-U', 'postgres', '-D', data],
        { stdio: 'ignore' },
      );
    }
    rmSync(join(data, 'postmaster.pid'), { force: true });
    const server = spawn(
      'setpriv',
      [
        ...asUser,
        join(binaries(), 'postgres'),
        '-D',
        data,
        '-p',
        `${place.port}`,
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        'unix_socket_directories=',
      ],
      { stdio: ['ignore', 'ignore', 'ignore'] },
    );
    process.once('SIGTERM', () => server.kill('SIGQUIT'));
    const until = performance.now() + 60_000;
    for (;;) {
      if (
        await query(place, 'select 1').then(
          () => true,
          () => false,
        )
      )
        return;
      if (performance.now() > until) throw new Error('PostgreSQL does not answer');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  },
  async setUp(place) {
    const boss = await start(place);
    await boss.createQueue(NAME, heartbeats ? { heartbeatSeconds: HEARTBEAT } : {});
    await boss.stop({ graceful: false });
  },
  async open(place) {
    const boss = await start(place, { supervise: false, schedule: false });
    return async (job) => {
      await boss.send(NAME, { ...job }, { id: uuidOf(job.id) });
    };
  },
  async work(place, handler) {
    // As often as it can be had: by default it looks for the dead once a minute and for jobs every two seconds.
    const boss = await start(
      place,
      heartbeats ? { monitorIntervalSeconds: 1, superviseIntervalSeconds: 1 } : {},
    );
    await boss.work<Job>(NAME, heartbeats ? { pollingIntervalSeconds: 0.5 } : {}, async ([job]) =>
      job === undefined ? null : handler(job.data),
    );
    await new Promise(() => undefined);
  },
  async ids(place) {
    return (await query(place, 'select data from pgboss.job where name = $1', [NAME])).map(
      ({ data }) => (data as Job).id,
    );
  },
  async result(place, id) {
    const [row] = await query(
      place,
      "select output from pgboss.job where name = $1 and data->>'id' = $2 and state = 'completed'",
      [NAME, id],
    );
    return (row?.['output'] as { value?: string } | undefined)?.value ?? null;
  },
});
