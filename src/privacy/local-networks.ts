/** Which addresses count as this machine, or as networks that are trusted like it. Pure. */
import type { BlockList } from 'node:net';

const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1/128'];

// Loaded at the first question: with its first look at an IPv6 address it costs a tenth of a short command.
const net = () => process.getBuiltinModule('node:net');

export class LocalNetworks {
  readonly #written: readonly string[];
  #list: BlockList | undefined;

  /** Loopback, and besides it networks as isNetwork accepts them. */
  constructor(networks: readonly string[] = []) {
    this.#written = [...new Set([...LOOPBACK, ...networks])];
  }

  /** Of an address, not of a name: what a name leads to is known only when it is looked up. */
  has(address: string): boolean {
    const plain = withoutZone(address);
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1] ?? plain;
    const family = net().isIP(mapped);
    this.#list ??= listOf(this.#written);
    return family !== 0 && this.#list.check(mapped, family === 4 ? 'ipv4' : 'ipv6');
  }

  toString(): string {
    return this.#written.join(', ');
  }
}

const listOf = (networks: readonly string[]): BlockList => {
  const list = new (net().BlockList)();
  for (const network of networks) {
    const { address, bits, family } = parse(network) ?? {};
    if (address !== undefined && bits !== undefined) list.addSubnet(address, bits, family);
  }
  return list;
};

/** Whether it is written ADDRESS/BITS, or is an address alone. */
export const isNetwork = (written: string): boolean => parse(written) !== undefined;

const parse = (written: string): { address: string; bits: number; family: 'ipv4' | 'ipv6' } | undefined => {
  const [, address = '', length] = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(written) ?? [];
  const family = net().isIP(address);
  if (family === 0) return undefined;
  const most = family === 4 ? 32 : 128;
  const bits = length === undefined ? most : Number(length);
  return bits > most ? undefined : { address, bits, family: family === 4 ? 'ipv4' : 'ipv6' };
};

const withoutZone = (address: string): string => address.replace(/%.*$/, '');
