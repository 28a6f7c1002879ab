/**
 * Connections that reach only the networks they are held to. The name is looked up here, and what it leads to
 * is what is connected to: an earlier look would say nothing about a name that changes its mind.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import type { buildConnector } from 'undici';
import { errorInfo } from '../../errors.ts';
import type { LocalNetworks } from '../../privacy/local-networks.ts';
import { RunFailure } from '../failure.ts';

export type Lookup = (
  host: string,
  options: { all: true },
  done: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/** A name with one address elsewhere is refused whole: which one is taken is not ours to say. */
export const localLookup =
  (networks: LocalNetworks, ask: Lookup = systemLookup): LookupFunction =>
  (host, options, done) => {
    ask(host, { all: true }, (error, found) => {
      if (error !== null) return done(error, []);
      const away = found.find(({ address }) => !networks.has(address));
      if (away !== undefined || found.length === 0) {
        return done(refused(host, away?.address ?? 'nothing', networks) as Error, []);
      }
      const family = options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : (options.family ?? 0);
      const fit = found.filter((each) => family === 0 || each.family === family);
      const first = fit[0];
      if (first === undefined) return done(refused(host, 'no such address', networks) as Error, []);
      return options.all === true ? done(null, fit) : done(null, first.address, first.family);
    });
  };

/**
 * `connect` with what koubou wants to know of every socket: `connected` is told the address at the other end. With
 * `networks`, nothing else is connected to, and a socket that is elsewhere all the same is cut unused.
 */
export const watchedConnector =
  (
    connect: buildConnector.connector,
    networks: LocalNetworks | null,
    connected: (address: string) => void,
  ): buildConnector.connector =>
  (options, done) => {
    const host = options.hostname.replace(/^\[|\]$/g, '');
    if (networks !== null && isIP(host) !== 0 && !networks.has(host)) {
      done(refused(host, host, networks), null);
      return;
    }
    connect(options, (...[error, socket]) => {
      if (error !== null) return done(error, null);
      const address = (socket as Socket).remoteAddress;
      if (networks !== null && (address === undefined || !networks.has(address))) {
        (socket as Socket).destroy();
        return done(refused(host, address ?? 'an unknown address', networks), null);
      }
      if (address !== undefined) connected(address);
      return done(null, socket);
    });
  };

const refused = (host: string, address: string, networks: LocalNetworks): RunFailure =>
  new RunFailure(
    errorInfo(
      'not_local',
      `The task must stay on this machine, and ${host === address ? host : `${host} (${address})`} is not in ${networks.toString()}; nothing was sent.`,
    ),
  );

/** A model server has no reason to send a request on, and where it goes then nobody chose. */
export const refusedRedirect = (from: string, to: string, held: boolean): RunFailure =>
  new RunFailure(
    held
      ? errorInfo(
          'not_local',
          `The task must stay on this machine, and ${from} sent the request on to ${to}; it was not followed.`,
        )
      : errorInfo(
          'usage',
          `${from} sent the request on to ${to}; it was not followed.`,
          'Where you trust that server, name it: endpoints.NAME.url in config/agent.yaml.',
        ),
  );
