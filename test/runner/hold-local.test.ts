import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LocalNetworks } from '../../src/privacy/local-networks.ts';
import { openConnection } from '../../src/runner/connection/connection.ts';
import type { Lookup } from '../../src/runner/connection/hold-local.ts';
import { RunFailure } from '../../src/runner/failure.ts';

const local = new LocalNetworks();

describe('a connection that is held to this machine', () => {
  let server: Server;
  let port: number;
  let asked: string[];
  let redirectTo: string | undefined;

  beforeEach(async () => {
    asked = [];
    redirectTo = undefined;
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      if (redirectTo === undefined) response.end('here');
      else response.writeHead(307, { location: redirectTo }).end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    port = (server.address() as AddressInfo).port;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  const leadsTo =
    (...addresses: string[]): Lookup =>
    (_, __, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );

  const ask = async (url: string, lookup?: Lookup, networks: LocalNetworks | null = local) => {
    const connection = await openConnection(
      { kind: 'ollama', url, model: 'm' },
      new AbortController().signal,
      { local: networks, ...(lookup === undefined ? {} : { lookup }) },
    );
    try {
      const text = await (await connection.fetch(url, { method: 'POST', body: 'the secret' })).text();
      return { text, address: connection.address };
    } catch (error) {
      if (!(error instanceof RunFailure)) throw error;
      return { code: error.info.code, message: error.info.message, address: connection.address };
    } finally {
      await connection.close();
    }
  };

  it('reaches this machine by address and by name, and says where it was', async () => {
    assert.deepEqual(await ask(`http://127.0.0.1:${port}/`), { text: 'here', address: '127.0.0.1' });
    const named = await ask(`http://models.example:${port}/`, leadsTo('127.0.0.1'));
    assert.deepEqual(named, { text: 'here', address: '127.0.0.1' });
  });

  it('reaches this machine however its address is written', async () => {
    for (const host of ['2130706433', '0x7f.1', '127.1', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]']) {
      const { text, address } = await ask(`http://${host}:${port}/`);
      assert.equal(text, 'here', host);
      assert.match(address ?? '', /^(::ffff:)?127\.0\.0\.1$/);
    }
  });

  it('refuses an address elsewhere without a try, however it is written', async () => {
    for (const host of [
      '192.0.2.1',
      '3221225985',
      '0xC0.0.0x201',
      '[::ffff:192.0.2.1]',
      '[64:ff9b::7f00:1]',
      '0.0.0.0',
      '[::]',
    ]) {
      const { code, address } = await ask(`http://${host}:${port}/`);
      assert.deepEqual([code, address], ['not_local', null], host);
    }
    assert.deepEqual(asked, []);
  });

  it('refuses a name that leads elsewhere, also when only one of its addresses does', async () => {
    for (const found of [['192.0.2.1'], ['127.0.0.1', '192.0.2.1'], ['2001:db8::1'], []]) {
      const { code, address } = await ask(`http://localhost:${port}/`, leadsTo(...found));
      assert.deepEqual([code, address], ['not_local', null], found.join());
    }
    assert.deepEqual(asked, []);
  });

  it('asks once where a name leads, and connects to what it was told', async () => {
    let times = 0;
    const { text } = await ask(`http://models.example:${port}/`, (host, options, done) => {
      times += 1;
      leadsTo(times === 1 ? '127.0.0.1' : '192.0.2.1')(host, options, done);
    });
    assert.equal(text, 'here');
    assert.equal(times, 1);
  });

  it('follows no redirect', async () => {
    for (const to of ['http://192.0.2.1/', `http://localhost:${port}/other`]) {
      redirectTo = to;
      const { code, message } = await ask(`http://127.0.0.1:${port}/first`);
      assert.equal(code, 'not_local');
      assert.ok(message?.includes(to), message);
    }
    assert.deepEqual(asked, ['/first', '/first']);
  });

  it('follows no redirect of an ordinary task either, since nobody chose where it leads', async () => {
    for (const to of ['http://192.0.2.1/', `http://localhost:${port}/other`]) {
      redirectTo = to;
      const { code, message } = await ask(`http://127.0.0.1:${port}/first`, undefined, null);
      assert.equal(code, 'usage');
      assert.ok(message?.includes(`sent the request on to ${to}; it was not followed`), message);
    }
    assert.deepEqual(asked, ['/first', '/first']);
  });
});
