/** What `koubou delegate` costs, as a multiple of starting Node with nothing to do. */
import { spawnSync } from 'node:child_process';
import { builtKoubou } from '../test/support/koubou/built.ts';
import { environment, median, ms, type Row, times, withHome } from './measure.ts';

const ROUNDS = 40;

export const delegate = async (): Promise<Row[]> => {
  const program = await builtKoubou();
  return withHome(async (home) => {
    const run = (args: readonly string[]): number => {
      const start = performance.now();
      const { status, stderr } = spawnSync(process.execPath, args, { env: environment(), cwd: home });
      if (status !== 0) throw new Error(`${args.join(' ')}: ${String(stderr)}`);
      return performance.now() - start;
    };
    const calls = {
      bare: ['-e', '0'],
      general: [program, 'delegate', '--home', home, 'Summarise the plan'],
      // Words that ask for a closer look for secrets, and no secret.
      hinted: [
        program,
        'delegate',
        '--home',
        home,
        'Fix the login form: the password field forgets what was typed',
      ],
      command: [program, 'delegate', '--home', home, '--type', 'command', '--', 'true'],
    };
    const samples = {
      bare: [] as number[],
      general: [] as number[],
      hinted: [] as number[],
      command: [] as number[],
    };
    const kinds = Object.keys(calls) as (keyof typeof calls)[];
    // The first calls fill V8's compile cache.
    for (let round = -3; round < ROUNDS; round += 1) {
      for (const kind of kinds) {
        const took = run(calls[kind]);
        if (round >= 0) samples[kind].push(took);
      }
    }
    const bare = median(samples.bare);
    return [
      { what: 'node -e 0', figure: ms(bare), target: '' },
      ...(['general', 'hinted', 'command'] as const).map((kind) => ({
        what: `koubou delegate, ${kind}, over node -e 0`,
        figure: `${times(median(samples[kind]) / bare)} (${ms(median(samples[kind]))})`,
        target: '<= 2.5x',
      })),
    ];
  });
};
