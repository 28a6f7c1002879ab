import assert from 'node:assert/strict';
import { directEnvironment } from '../../src/runner/connection/direct-environment.ts';

const proxies = {
  HTTP_PROXY: 'http://proxy.example:3128',
  https_proxy: 'http://proxy.example:3128',
  ALL_PROXY: 'socks5://proxy.example:1080',
};
const loopback = { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' };

describe("the environment of a program that asks koubou's relay", () => {
  it('names no proxy', () => {
    const environment = { PATH: '/bin', PROXY_NAME: 'x', ...proxies };
    assert.deepEqual(directEnvironment(environment, false), { PATH: '/bin', PROXY_NAME: 'x', ...loopback });
  });

  it('leaves proxies to a program whose commands may use the network, but not for the relay', () => {
    assert.deepEqual(directEnvironment(proxies, true), { ...proxies, ...loopback });
    const both = 'intra.example,127.0.0.1';
    assert.deepEqual(directEnvironment({ no_proxy: 'intra.example' }, true), {
      NO_PROXY: both,
      no_proxy: both,
    });
  });
});
