import type { Driver } from '../driver.ts';

/** Loaded one at a time, so that none pays for another. */
export const drivers: Readonly<Record<string, () => Promise<Driver>>> = {
  koubou: async () => (await import('./koubou.ts')).koubou,
  'BullMQ 6.7, Redis 7 everysec': async () => (await import('./redis.ts')).bullmq('everysec'),
  'BullMQ 6.7, Redis 7 always': async () => (await import('./redis.ts')).bullmq('always'),
  'pg-boss 12.35, PostgreSQL 15': async () => (await import('./postgres.ts')).pgBoss(false),
  'pg-boss 12.35, PostgreSQL 15, heartbeats': async () => (await import('./postgres.ts')).pgBoss(true),
  '@platformatic/job-queue 0.5, files': async () => (await import('./platformatic.ts')).platformatic,
  'nq 0.5': async () => (await import('./programs.ts')).nq,
  'task-spooler 1.0': async () => (await import('./programs.ts')).taskSpooler,
};
