/**
 * Loaded into a daemon by `node --import`: what nobody holds any more is given back every few seconds, so that its
 * memory says what it holds. By itself V8 waits for minutes, and a long wait looks like growth.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
setInterval(collect, 5000).unref();
