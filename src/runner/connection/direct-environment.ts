/** The variables by which programs are told to send their traffic through another machine. Pure. */
import { RELAY_HOST } from './model-relay.ts';

const PROXY = /^(?!no_).*_proxy$/i;

/**
 * The environment of a program that talks to koubou's relay: else a proxy would get every prompt. `networked`: what it
 * starts may use the network, and then a proxy for all that is elsewhere.
 */
export const directEnvironment = (
  environment: Readonly<Record<string, string>>,
  networked: boolean,
): Record<string, string> => {
  const kept = Object.entries(environment).filter(([name]) => networked || !PROXY.test(name));
  const direct = [environment['NO_PROXY'] ?? environment['no_proxy'], RELAY_HOST].filter(Boolean).join(',');
  return { ...Object.fromEntries(kept), NO_PROXY: direct, no_proxy: direct };
};
