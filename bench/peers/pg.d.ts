/** It comes with pg-boss, and without types. */
declare module 'pg';
