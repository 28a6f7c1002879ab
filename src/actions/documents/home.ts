/** Documents of a home: its config, where it sends tasks, and what is right or wrong with it. */
import * as z from 'zod/mini';
import type { Considered } from '../../route/rules.ts';
import { exactly } from './exactly.ts';

const path = z.string();
const paths = z.array(path);
const sentences = z.array(z.string());
const count = z.number();

export const RouteDocument = z.strictObject({
  route: z.strictObject({
    runner: z.string(),
    model: z.nullable(z.string()),
    endpoint: z.nullable(z.string()),
    timeout: count.check(z.describe('Seconds of an attempt; 0 is no limit.')),
    retries: count,
    local_only: z.boolean(),
    why: z.string(),
    escalate: z
      .array(z.string())
      .check(
        z.describe('Who goes on, in this order, when the work is found wanting; hand_back: nobody here.'),
      ),
    rules: z.array(
      exactly<Considered>()(
        z.strictObject({
          rule: z.string().check(z.describe('As in routing.rules[0].')),
          matched: z
            .nullable(z.boolean())
            .check(z.describe('null: not looked at, since an earlier one had decided.')),
          why: z.string(),
        }),
      ),
    ),
  }),
});
export type RouteDocument = z.infer<typeof RouteDocument>;

export const ConfigDocument = z.strictObject({
  config: z.array(
    z.strictObject({
      key: z.string(),
      text: z.string().check(z.describe('As it is written in the file: times as 10m, not as seconds.')),
      value: z.unknown(),
      from: z.enum(['environment', '.env', 'agent.yaml', 'default']),
      name: z.optional(z.string()).check(z.describe('The variable, where it comes from one.')),
    }),
  ),
});
export type ConfigDocument = z.infer<typeof ConfigDocument>;

export const DoctorDocument = z.strictObject({
  ok: z.boolean(),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      ok: z.boolean(),
      message: z.string(),
      cure: z
        .nullable(z.string())
        .check(z.describe('What to do; also where nothing is wrong but something is worth doing.')),
    }),
  ),
});
export type DoctorDocument = z.infer<typeof DoctorDocument>;
/** One thing doctor looked at. */
export type Check = DoctorDocument['checks'][number];

export const InitDocument = z.strictObject({
  home: path,
  made: paths.check(z.describe('Absolute: what is new.')),
  kept: paths.check(z.describe('Absolute: what was there and was left alone.')),
  said: sentences.check(z.describe('What was found on this machine and what was chosen.')),
  next: z.array(z.string()).check(z.describe('Commands to type next.')),
});
export type InitDocument = z.infer<typeof InitDocument>;

export const TrustDocument = z.strictObject({
  home: path,
  signed: z.boolean().check(z.describe('Whether it was signed now.')),
  tasks_sealed: count.check(z.describe('How many tasks were taken.')),
  tasks_left: count.check(z.describe('How many still carry no seal.')),
});
export type TrustDocument = z.infer<typeof TrustDocument>;
